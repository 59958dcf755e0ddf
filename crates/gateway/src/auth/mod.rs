//! Who a request is from, and whether it may come from where it comes.
//!
//! In this order: the `Host` (in development only a loopback one, against DNS rebinding), the
//! `Origin` (same-origin or configured; a page of another site must not use our user's cookie),
//! then the token. A token in the query is refused even when it is valid, because queries end up
//! in logs; a ticket may be there, being of no use to whoever reads it later.

mod origin;
mod proxies;
mod token;

pub(crate) use origin::check_loopback_host;
pub use origin::{NotAnOrigin, Origins};
pub use proxies::{NotANetwork, Proxies};
pub(crate) use token::{Credentials, Protocol};

use antiphon_api::{ErrorCode, RpcError, frame::CloseCode};
use http::StatusCode;

/// Why a request is not served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    /// What a WebSocket that cannot read an HTTP answer is closed with.
    pub(crate) close: CloseCode,
    pub(crate) message: String,
    pub(crate) reason: Reason,
}

/// Which kind of refusal it is, for whoever watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Unauthenticated,
    Forbidden,
    Expired,
    Revoked,
    Version,
    Unavailable,
    Full,
}

impl Reason {
    pub(crate) const ALL: [Self; 7] = [
        Self::Unauthenticated,
        Self::Forbidden,
        Self::Expired,
        Self::Revoked,
        Self::Version,
        Self::Unavailable,
        Self::Full,
    ];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Version => "version",
            Self::Unavailable => "unavailable",
            Self::Full => "full",
        }
    }
}

impl Refusal {
    pub(crate) fn unauthenticated(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            close: CloseCode::AuthFailed,
            message: message.into(),
            reason: Reason::Unauthenticated,
        }
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            close: CloseCode::AuthFailed,
            message: message.into(),
            reason: Reason::Forbidden,
        }
    }

    pub(crate) fn expired() -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            close: CloseCode::TokenExpired,
            message: "the token has expired".to_owned(),
            reason: Reason::Expired,
        }
    }

    pub(crate) fn revoked() -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            close: CloseCode::Revoked,
            message: "the token was revoked".to_owned(),
            reason: Reason::Revoked,
        }
    }

    /// The client speaks other versions of the protocol.
    pub(crate) fn version() -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            close: CloseCode::Version,
            message: "this gateway speaks antiphon.v1".to_owned(),
            reason: Reason::Version,
        }
    }

    /// Nothing can be decided without the server.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            close: CloseCode::TryLater,
            message: message.into(),
            reason: Reason::Unavailable,
        }
    }

    /// There are as many as there may be.
    pub(crate) fn full(message: impl Into<String>) -> Self {
        Self {
            reason: Reason::Full,
            ..Self::unavailable(message)
        }
    }

    /// Logged where the request is answered. The reason may be the server's words about an id that the
    /// client gave, so that only its kind is said.
    pub(crate) fn log(&self) {
        let (status, code) = (self.status.as_u16(), self.close.code());
        tracing::debug!(status, code, "a request was refused");
    }

    /// The refusal as a JSON-RPC error.
    pub(crate) fn error(&self) -> RpcError {
        match self.status {
            StatusCode::SERVICE_UNAVAILABLE => RpcError::unavailable(&*self.message, false),
            StatusCode::FORBIDDEN => RpcError::forbidden("gateway", &*self.message),
            _ => RpcError::new(ErrorCode::Unauthenticated, &*self.message),
        }
    }
}
