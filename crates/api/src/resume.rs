//! How a connection begins: what the client asks to resume from, and what becomes of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a tab's stream began, told in `hello`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resumed {
    /// The client came without a position.
    Fresh,
    /// Continued from the session's ring.
    Ring,
    /// Continued from the server's log.
    Log,
    /// Cannot be continued; the client loads a snapshot.
    Resync,
}

/// Why a position could not be resumed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResyncReason {
    /// Below the oldest position the log keeps.
    Expired,
    /// Not a position of this log.
    UnknownPosition,
    /// More events behind than a replay carries.
    TooFar,
    /// `resume_from` named an event this session does not have.
    UnknownSession,
    /// The numbers could not be read.
    BadParameters,
}

impl Resumed {
    /// Its name in frames.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Ring => "ring",
            Self::Log => "log",
            Self::Resync => "resync",
        }
    }
}

impl ResyncReason {
    pub const ALL: &[Self] = &[
        Self::Expired,
        Self::UnknownPosition,
        Self::TooFar,
        Self::UnknownSession,
        Self::BadParameters,
    ];

    /// Its name in frames.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::UnknownPosition => "unknown_position",
            Self::TooFar => "too_far",
            Self::UnknownSession => "unknown_session",
            Self::BadParameters => "bad_parameters",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Resumed, ResyncReason};

    #[test]
    fn names_are_those_in_frames() {
        for resumed in [Resumed::Fresh, Resumed::Ring, Resumed::Log, Resumed::Resync] {
            assert_eq!(json!(resumed), resumed.as_str());
        }
        for reason in ResyncReason::ALL {
            assert_eq!(json!(reason), reason.as_str());
        }
    }
}
