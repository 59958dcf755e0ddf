use antiphon_api::RpcError;
use http::{HeaderMap, HeaderName, HeaderValue};

/// What a gateway says of the caller's token beside `Antiphon-User`: when it ends and was issued,
/// in ms since 1970, and what it is called. Each is absent where the token does not say.
pub const TOKEN_EXPIRES: HeaderName = HeaderName::from_static("antiphon-token-expires");
pub const TOKEN_ISSUED: HeaderName = HeaderName::from_static("antiphon-token-issued");
pub const TOKEN_ID: HeaderName = HeaderName::from_static("antiphon-token-id");

/// What a request is called in answers and in the server's log: the peer's own name for it if that
/// is a sensible one, else a random one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(String);

/// The longest name a peer may give its request, in bytes; it is not called by a longer one.
const MAX_REQUEST_ID_BYTES: usize = 64;

impl RequestId {
    pub const HEADER: HeaderName = HeaderName::from_static("antiphon-request-id");

    /// The peer's own name: of at most 64 letters, digits and hyphens.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let id = headers.get(Self::HEADER)?.to_str().ok()?;
        let sensible = (1..=MAX_REQUEST_ID_BYTES).contains(&id.len()) && id.bytes().all(plain);
        sensible.then(|| Self(id.to_owned()))
    }

    #[must_use]
    pub fn from_random(bits: u64) -> Self {
        Self(format!("{bits:016x}"))
    }

    #[must_use]
    pub fn header(&self) -> HeaderValue {
        HeaderValue::from_str(&self.0).expect("letters, digits and hyphens stand in a header")
    }

    /// The error, as that of this request.
    #[must_use]
    pub fn name(&self, error: RpcError) -> RpcError {
        error.with("request_id", &*self.0)
    }
}

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::RequestId;

    fn of(sent: &str) -> Option<RequestId> {
        let value = HeaderValue::from_str(sent).expect("stands in a header");
        RequestId::of(&HeaderMap::from_iter([(RequestId::HEADER, value)]))
    }

    #[test]
    fn a_sensible_name_of_a_request_is_kept_and_any_other_is_not() {
        for sensible in ["a", "abc-1", &"x".repeat(64)] {
            let kept = of(sensible).expect("is kept");
            assert_eq!(
                (kept.to_string().as_str(), kept.header().as_bytes()),
                (sensible, sensible.as_bytes())
            );
        }
        for other in ["", "a b", "a_b", "a/b", &"x".repeat(65)] {
            assert_eq!(of(other), None, "{other:?}");
        }
        assert_eq!(RequestId::of(&HeaderMap::new()), None);
    }

    #[test]
    fn a_random_name_is_a_sensible_one() {
        for bits in [0, 7, u64::MAX] {
            let id = RequestId::from_random(bits);
            assert_eq!(of(&id.to_string()), Some(id));
        }
    }
}
