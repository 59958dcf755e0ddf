//! Why a tab does not open, and why it ends.

use std::{io, time::Duration};

use antiphon_api::frame::CloseCode;
use http::{StatusCode, header::RETRY_AFTER};
use tokio_tungstenite::tungstenite::{self, protocol::CloseFrame};

use super::BadTarget;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// No tab was opened.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error(transparent)]
    Target(#[from] BadTarget),
    #[error("cannot connect")]
    Connect(#[source] io::Error),
    #[error("no answer within {} s", super::CONNECT_TIMEOUT.as_secs())]
    TimedOut,
    /// The gateway answered, but with no upgrade.
    #[error("refused with HTTP {status}")]
    Refused {
        status: StatusCode,
        /// Not before this, says the gateway.
        retry_after: Option<Duration>,
    },
    #[error("the upgrade failed")]
    Upgrade(#[source] tungstenite::Error),
    /// Whoever opens tabs could not get a token or ticket for one.
    #[error("no credentials")]
    Credentials(#[source] Source),
}

impl ConnectError {
    /// Trying again with the same target and credentials is pointless.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        match self {
            Self::Target(_) => true,
            Self::Refused { status, .. } => {
                status.is_client_error() && *status != StatusCode::TOO_MANY_REQUESTS
            }
            Self::Connect(_) | Self::TimedOut | Self::Upgrade(_) | Self::Credentials(_) => false,
        }
    }
}

impl From<tungstenite::Error> for ConnectError {
    fn from(error: tungstenite::Error) -> Self {
        if let tungstenite::Error::Http(response) = error {
            let seconds = response
                .headers()
                .get(RETRY_AFTER)
                .and_then(|value| value.to_str().ok()?.parse().ok());
            return Self::Refused {
                status: response.status(),
                retry_after: seconds.map(Duration::from_secs),
            };
        }
        Self::Upgrade(error)
    }
}

/// A tab ended.
#[derive(Debug, thiserror::Error)]
pub enum Closed {
    /// With a close frame; 1005 stands for one without a code.
    #[error("closed by the gateway with {code} {reason}")]
    ByGateway { code: u16, reason: String },
    #[error("the connection was lost")]
    Lost(#[from] tungstenite::Error),
    /// Nothing came for longer than the gateway's own pings allow.
    #[error("nothing came for {} s", .0.as_secs())]
    Silent(Duration),
}

impl Closed {
    pub(super) fn of_peer(frame: Option<CloseFrame>) -> Self {
        frame.map_or_else(
            || Self::ByGateway {
                code: 1005,
                reason: String::new(),
            },
            |frame| Self::ByGateway {
                code: frame.code.into(),
                reason: frame.reason.to_string(),
            },
        )
    }

    /// The code of the close frame, if one came.
    #[must_use]
    pub const fn code(&self) -> Option<u16> {
        match self {
            Self::ByGateway { code, .. } => Some(*code),
            Self::Lost(_) | Self::Silent(_) => None,
        }
    }

    /// Coming back with the same token is pointless.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        let code = self.code();
        CloseCode::ALL
            .iter()
            .any(|known| known.is_terminal() && Some(known.code()) == code)
    }
}
