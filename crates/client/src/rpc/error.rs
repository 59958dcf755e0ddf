//! How a call fails, and whether it may have been carried out all the same.

use antiphon_api::RpcError;
use http::StatusCode;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// A call that gave no result.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The server's own answer.
    #[error(transparent)]
    Rpc(RpcError),
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// Answered, but not in JSON-RPC: a refusal by the edge, or not an Antiphon at all.
    #[error("answered with HTTP {0} and no JSON-RPC response")]
    NotAnAnswer(StatusCode),
    #[error("the parameters cannot be encoded")]
    Encode(#[source] serde_json::Error),
    #[error("the result is not what the method promises")]
    Decode(#[source] serde_json::Error),
}

impl CallError {
    /// Whether the call may have been carried out although it gave no result. When not, repeating
    /// it is always safe; when so, only with the same idempotency key.
    #[must_use]
    pub fn indeterminate(&self) -> bool {
        match self {
            Self::Rpc(error) => error.data["indeterminate"] == true,
            Self::Transport(error) => error.indeterminate(),
            Self::NotAnAnswer(status) => !status.is_client_error(),
            Self::Encode(_) => false,
            Self::Decode(_) => true,
        }
    }
}

/// A request without a whole answer.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// No connection could be had; no byte of the request was written.
    #[error("cannot connect")]
    Connect { source: Source },
    /// The request was or may have been written, and no whole answer came in time.
    #[error("the connection broke before the answer was whole")]
    Broken { source: Source },
    /// The answer is over [`MAX_ANSWER_BYTES`](super::MAX_ANSWER_BYTES).
    #[error("the answer is over {} bytes", super::MAX_ANSWER_BYTES)]
    TooLong,
}

impl TransportError {
    /// Whether the call may have been carried out.
    #[must_use]
    pub const fn indeterminate(&self) -> bool {
        match self {
            Self::Connect { .. } => false,
            Self::Broken { .. } | Self::TooLong => true,
        }
    }

    pub(super) fn broken(source: impl Into<Source>) -> Self {
        Self::Broken {
            source: source.into(),
        }
    }

    /// hyper calls a request canceled only where it hands it back unwritten; any other failure
    /// after connecting counts as written.
    pub(super) fn of_pool(error: hyper_util::client::legacy::Error) -> Self {
        let unwritten = std::error::Error::source(&error)
            .and_then(|source| source.downcast_ref::<hyper::Error>())
            .is_some_and(hyper::Error::is_canceled);
        if error.is_connect() || unwritten {
            Self::Connect {
                source: error.into(),
            }
        } else {
            Self::broken(error)
        }
    }
}

/// Why an address was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    #[error("expected http://host:port")]
    Malformed,
    #[error("only http is spoken here; a proxy in front ends TLS")]
    Scheme,
    #[error("calls go to /rpc and take no query")]
    Path,
    #[error("the token holds characters that cannot stand in a header")]
    Token,
}
