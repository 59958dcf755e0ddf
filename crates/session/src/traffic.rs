//! What goes into a tab and what comes out of it.

use std::{sync::Arc, time::Instant};

use antiphon_api::{
    frame::CloseCode,
    ids::{Pos, Principal, Seq, UnixMs},
};

use crate::entry::Entry;

/// A tab, unique within its gateway process and never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TabId(pub u64);

/// A tab and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TabKey {
    /// Whose session it belongs to.
    pub principal: Principal,
    /// Which of that session's tabs it is.
    pub tab: TabId,
}

/// The time, as a caller saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// For timers.
    pub at: Instant,
    /// For frames.
    pub unix_ms: UnixMs,
}

/// What a client sent, as far as the core cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received<'a> {
    /// The answer to a ping.
    Pong,
    /// A JSON-RPC frame; see [`begin_call`](crate::Shard::begin_call).
    Call,
    /// The tab was shown or hidden.
    Visibility,
    /// A frame of a type nobody knows.
    Unknown {
        /// Its `type`, empty if it has none.
        kind: &'a str,
    },
    /// A frame that could not be read.
    Malformed {
        /// What is wrong with it.
        why: &'a str,
    },
    /// A binary frame.
    Binary,
    /// A frame over the transport's bound.
    TooBig,
}

/// What a tab's socket is to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send this text, of this tab alone.
    Frame {
        /// One JSON object.
        bytes: Vec<u8>,
        /// For `live` and `ping`: everything up to here was sent. The id of the frame in an
        /// event stream.
        pos: Option<Pos>,
    },
    /// Send this text, shared with other tabs; it has no position.
    Ephemeral(Arc<[u8]>),
    /// Send this event; [`Entry::write`] renders it.
    Event {
        /// Its number in the session; `None` when it comes from the log.
        seq: Option<Seq>,
        /// The event.
        entry: Arc<Entry>,
    },
    /// Ask the server for the user's events after `after` and hand them to
    /// [`handle_log`](crate::Shard::handle_log). Given once per page.
    NeedLog {
        /// Everything up to here was sent.
        after: Pos,
        /// How far the replay has to go; what a page has beyond it is not used.
        through: Pos,
    },
    /// Close the connection; there is nothing after it.
    Close(CloseCode),
}
