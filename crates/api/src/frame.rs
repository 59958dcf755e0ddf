//! The control frames of a tab's connection, and the codes it can be closed with.
//!
//! Events are not here: to a gateway they are bytes.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    ids::{Pos, Seq, UnixMs},
    resume::{Resumed, ResyncReason},
};

/// From the gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame<'a> {
    /// Always first.
    Hello {
        protocol: u32,
        session: Cow<'a, str>,
        resumed: Resumed,
        reason: Option<ResyncReason>,
        ping_interval_ms: u64,
        pong_timeout_ms: u64,
        server: Cow<'a, str>,
    },
    /// The replay is whole: `seq` was the session's newest event at `pos`.
    Live { seq: Seq, pos: Pos, replayed: u64 },
    /// Everything for this tab up to `pos` was sent.
    Ping { ts: UnixMs, pos: Pos },
    /// The gateway will close the connection in `reconnect_after_ms`.
    GoingAway { reconnect_after_ms: u64 },
    /// A client frame was not understood.
    Error {
        code: Cow<'a, str>,
        message: Cow<'a, str>,
        #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
        reference: Option<Cow<'a, str>>,
    },
    /// The end of an event stream, which has no close code of its own.
    Closed { code: u16 },
}

/// From the client, JSON-RPC apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientFrame {
    Pong {},
    Visibility { state: Visibility },
}

/// Whether a tab can be seen by its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    Visible,
    Hidden,
}

/// What an inbound text frame is, decided without decoding all of it.
#[derive(Debug, Deserialize)]
pub struct Inbound<'a> {
    #[serde(rename = "type", borrow, default)]
    pub kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub jsonrpc: Option<&'a RawValue>,
}

macro_rules! close_codes {
    ($($(#[doc = $doc:literal])* $variant:ident = $code:literal, $reason:literal;)*) => {
        /// Why a connection was closed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum CloseCode { $($(#[doc = $doc])* $variant,)* }

        impl CloseCode {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            #[must_use]
            pub const fn code(self) -> u16 {
                match self { $(Self::$variant => $code,)* }
            }

            /// The reason text sent with the code.
            #[must_use]
            pub const fn reason(self) -> &'static str {
                match self { $(Self::$variant => $reason,)* }
            }
        }
    };
}

close_codes! {
    /// A frame over 64 KiB.
    TooBig = 1009, "message too big";
    /// The gateway restarts or lost its place; resume.
    Restart = 1012, "restart";
    /// Over capacity, or not decidable now; back off and resume.
    TryLater = 1013, "try again later";
    /// Nothing heard within the pong timeout; resume.
    NoPong = 4000, "no pong";
    /// Too many frames that were not understood.
    BadFrames = 4001, "bad frames";
    /// The token is not valid; terminal.
    AuthFailed = 4004, "authentication failed";
    /// Too many frames.
    RateLimited = 4008, "rate limited";
    /// The token ended; come back with a new one.
    TokenExpired = 4009, "token expired";
    /// No common protocol version; terminal.
    Version = 4012, "protocol version";
    /// The client does not read; resume.
    SlowConsumer = 4013, "slow consumer";
    /// The token was revoked; terminal.
    Revoked = 4014, "revoked";
}

impl CloseCode {
    /// Coming back with the same token is pointless.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::AuthFailed | Self::Version | Self::Revoked)
    }
}
