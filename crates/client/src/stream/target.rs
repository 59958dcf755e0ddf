//! Where a tab connects, as whom, and from where it goes on.

use antiphon_api::ids::{Pos, UserId};
use http::{HeaderValue, Request, Uri, header::AUTHORIZATION, uri::Scheme};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// A tab to open.
#[derive(Clone, Debug)]
pub struct Target {
    /// `ws://host[:port]`.
    pub url: String,
    /// Whose stream; the token's own user unless given.
    pub user: Option<UserId>,
    pub auth: Auth,
    /// Everything up to here is known already.
    pub resume: Option<Pos>,
}

/// What proves who connects.
#[derive(Clone)]
pub enum Auth {
    /// A token, sent in a header.
    Bearer(String),
    /// From `session.ticket`; opens one connection.
    Ticket(String),
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Bearer(_) => "Bearer(..)",
            Self::Ticket(_) => "Ticket(..)",
        })
    }
}

/// Why a target was refused before anything was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTarget {
    #[error("expected ws://host:port")]
    Url,
    #[error("the token holds characters that cannot stand in a header")]
    Token,
    #[error("the ticket holds characters that cannot stand in an address")]
    Ticket,
}

impl Target {
    /// A tab of the token's own user at a gateway whose address is `http://host[:port]`, from now on.
    #[must_use]
    pub fn of_gateway(url: &str, auth: Auth) -> Self {
        Self {
            url: url.replacen("http", "ws", 1),
            user: None,
            auth,
            resume: None,
        }
    }

    /// Host and port, for connecting.
    pub(super) fn address(&self) -> Result<(String, u16), BadTarget> {
        let uri = self.base()?;
        let host = uri.host().ok_or(BadTarget::Url)?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Ok((host.to_owned(), uri.port_u16().unwrap_or(80)))
    }

    /// The request that asks for the upgrade.
    pub(super) fn request(&self) -> Result<Request<()>, BadTarget> {
        let base = self.base()?;
        let uri = Uri::builder()
            .scheme("ws")
            .authority(base.authority().ok_or(BadTarget::Url)?.clone())
            .path_and_query(self.path_and_query()?)
            .build()
            .map_err(|_| BadTarget::Url)?;
        let mut request = uri.into_client_request().map_err(|_| BadTarget::Url)?;
        if let Auth::Bearer(token) = &self.auth {
            let mut value =
                HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| BadTarget::Token)?;
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        Ok(request)
    }

    fn base(&self) -> Result<Uri, BadTarget> {
        let uri: Uri = self.url.parse().map_err(|_| BadTarget::Url)?;
        let is_ws = uri.scheme().map(Scheme::as_str) == Some("ws");
        let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        (is_ws && is_bare).then_some(uri).ok_or(BadTarget::Url)
    }

    fn path_and_query(&self) -> Result<String, BadTarget> {
        let user = self
            .user
            .map_or_else(|| "me".to_owned(), |id| id.to_string());
        let mut query = Vec::new();
        if let Some(pos) = self.resume {
            query.push(format!("pos={pos}"));
        }
        if let Auth::Ticket(ticket) = &self.auth {
            if !ticket.bytes().all(is_unreserved) {
                return Err(BadTarget::Ticket);
            }
            query.push(format!("ticket={ticket}"));
        }
        let mark = if query.is_empty() { "" } else { "?" };
        Ok(format!("/ws/user/{user}{mark}{}", query.join("&")))
    }
}

/// Stands for itself in an address (RFC 3986, 2.3).
const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

#[cfg(test)]
mod tests {
    use antiphon_api::ids::{Pos, UserId};

    use super::{Auth, BadTarget, Target};

    fn target(auth: Auth) -> Target {
        Target {
            url: "ws://127.0.0.1:8484".into(),
            user: None,
            auth,
            resume: None,
        }
    }

    #[test]
    fn a_token_goes_into_a_header_and_never_into_the_address() {
        let request = target(Auth::Bearer("t0k".into())).request().expect("valid");
        assert_eq!(request.uri(), "ws://127.0.0.1:8484/ws/user/me");
        assert_eq!(request.headers()["authorization"], "Bearer t0k");
    }

    #[test]
    fn a_ticket_and_a_position_go_into_the_query() {
        let mut target = target(Auth::Ticket("abc-_".into()));
        target.user = Some(UserId(42));
        target.resume = Some(Pos(881));
        let request = target.request().expect("valid");
        assert_eq!(
            request.uri(),
            "ws://127.0.0.1:8484/ws/user/42?pos=881&ticket=abc-_"
        );
        assert!(!request.headers().contains_key("authorization"));
    }

    #[test]
    fn what_would_smuggle_something_else_is_refused() {
        let refusal = |target: Target| target.request().err();
        assert_eq!(
            refusal(target(Auth::Ticket("a&pos=1".into()))),
            Some(BadTarget::Ticket)
        );
        assert_eq!(
            refusal(target(Auth::Bearer("a\r\nb".into()))),
            Some(BadTarget::Token)
        );
        for url in ["wss://h", "ws://h/x", "ws://h?pos=1", "h:1", ""] {
            let mut target = target(Auth::Bearer("t".into()));
            target.url = url.into();
            assert_eq!(refusal(target), Some(BadTarget::Url), "{url}");
        }
    }

    #[test]
    fn a_secret_is_not_printed() {
        let printed = format!("{:?}", target(Auth::Bearer("s3cret".into())));
        assert!(!printed.contains("s3cret"));
    }
}
