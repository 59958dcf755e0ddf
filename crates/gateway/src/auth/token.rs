//! What a request shows for itself, and what a WebSocket client offers to speak.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, header};

use super::Refusal;

/// What a client offers to speak on a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Nothing of ours; the client takes what it gets.
    None,
    /// This version.
    Ours,
    /// Other versions alone, this one first.
    Unknown(String),
}

impl Protocol {
    pub(crate) const NAME: &str = "antiphon.v1";

    pub(crate) fn offered(headers: &HeaderMap) -> Self {
        if protocols(headers).any(|protocol| protocol == Self::NAME) {
            return Self::Ours;
        }
        protocols(headers)
            .find(|protocol| protocol.starts_with("antiphon."))
            .map_or(Self::None, |version| Self::Unknown(version.to_owned()))
    }

    /// What the upgrade's answer names. A browser drops a connection that names nothing it has
    /// offered, so a version that is not spoken is named too, for the close code to arrive.
    pub(crate) fn echoed(&self) -> Option<HeaderValue> {
        match self {
            Self::None => None,
            Self::Ours => Some(HeaderValue::from_static(Self::NAME)),
            Self::Unknown(version) => HeaderValue::from_str(version).ok(),
        }
    }
}

/// The prefix of the subprotocol that carries a token, where a browser can set no header.
const BEARER_PROTOCOL: &str = "bearer.";
const COOKIE: &str = "antiphon_token";

/// What a request shows for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Credentials {
    Token(String),
    Cookie(String),
    /// Redeemed at the server.
    Ticket(String),
}

impl Credentials {
    /// The first of: the `Authorization` header, the subprotocols, the ticket, the cookie.
    pub(crate) fn of(headers: &HeaderMap, query: &[(String, String)]) -> Result<Self, Refusal> {
        if query
            .iter()
            .any(|(name, _)| name == "token" || name == "access_token")
        {
            return Err(Refusal::unauthenticated(
                "a token does not belong in the query, queries end up in logs; send it in the \
                 Authorization header, or ask session.ticket for a ticket",
            ));
        }
        if let Some(value) = headers.get(header::AUTHORIZATION) {
            return value
                .to_str()
                .ok()
                .and_then(|value| value.strip_prefix("Bearer "))
                .map(|token| Self::Token(token.trim().to_owned()))
                .ok_or_else(|| Refusal::unauthenticated("expected Authorization: Bearer TOKEN"));
        }
        if let Some(token) = in_protocols(headers) {
            return token;
        }
        if let Some((_, ticket)) = query.iter().find(|(name, _)| name == "ticket") {
            return Ok(Self::Ticket(ticket.clone()));
        }
        cookie(headers).map(Self::Cookie).ok_or_else(|| {
            Refusal::unauthenticated("who are you? Send a token: Authorization: Bearer TOKEN")
        })
    }
}

/// The subprotocols the client offers.
fn protocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

fn in_protocols(headers: &HeaderMap) -> Option<Result<Credentials, Refusal>> {
    let encoded = protocols(headers).find_map(|protocol| protocol.strip_prefix(BEARER_PROTOCOL))?;
    let token = URL_SAFE_NO_PAD
        .decode(encoded)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    Some(token.map(Credentials::Token).ok_or_else(|| {
        Refusal::unauthenticated(
            "expected the subprotocol bearer. followed by the token in base64url without padding",
        )
    }))
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::Credentials;

    fn of(pairs: &[(&'static str, &'static str)], query: &[(&str, &str)]) -> Option<Credentials> {
        let headers: HeaderMap = pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        let query: Vec<_> = query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Credentials::of(&headers, &query).ok()
    }

    #[test]
    fn a_token_is_found_wherever_it_may_be() {
        let token = |text: &str| Some(Credentials::Token(text.to_owned()));
        assert_eq!(of(&[("authorization", "Bearer abc")], &[]), token("abc"));
        let protocols = ("sec-websocket-protocol", "antiphon.v1, bearer.ZGV2OjE");
        assert_eq!(of(&[protocols], &[]), token("dev:1"));
        assert_eq!(
            of(&[("cookie", "a=b; antiphon_token=abc; c=d")], &[]),
            Some(Credentials::Cookie("abc".to_owned()))
        );
        assert_eq!(
            of(&[], &[("ticket", "abc")]),
            Some(Credentials::Ticket("abc".to_owned()))
        );
    }

    #[test]
    fn a_token_in_the_query_is_refused_even_beside_a_good_one() {
        assert_eq!(
            of(&[("authorization", "Bearer abc")], &[("token", "abc")]),
            None
        );
        assert_eq!(of(&[], &[("access_token", "abc")]), None);
    }

    #[test]
    fn what_cannot_be_read_is_no_token() {
        assert_eq!(of(&[("authorization", "Basic abc")], &[]), None);
        assert_eq!(of(&[("sec-websocket-protocol", "bearer.=$=")], &[]), None);
        assert_eq!(of(&[], &[]), None);
    }
}
