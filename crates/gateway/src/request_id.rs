//! What a request is called.

use antiphon_api::RpcError;
use http::{HeaderMap, HeaderName, HeaderValue};

/// What a request is called in answers and in the server's log: the client's own name for it if
/// that is a sensible one, else a random one.
pub(crate) struct RequestId(String);

impl RequestId {
    pub(crate) const HEADER: HeaderName = HeaderName::from_static("antiphon-request-id");

    pub(crate) fn random() -> Self {
        Self(format!("{:016x}", getrandom::u64().unwrap_or_default()))
    }

    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let sensible = |id: &&str| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            (1..=64).contains(&id.len()) && id.bytes().all(plain)
        };
        headers
            .get(Self::HEADER)
            .and_then(|value| value.to_str().ok())
            .filter(sensible)
            .map_or_else(Self::random, |id| Self(id.to_owned()))
    }

    pub(crate) fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }

    /// The error, as that of this request.
    pub(crate) fn name(&self, error: RpcError) -> RpcError {
        error.with("request_id", &*self.0)
    }
}
