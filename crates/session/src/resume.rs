//! How a tab begins: what the client asks to resume from, and what the log says to it.

use std::{sync::Arc, time::Instant};

use antiphon_api::{
    ids::{Pos, Seq},
    resume::{Resumed, ResyncReason},
};

use crate::entry::Entry;

/// What the client asks to resume from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resume {
    /// It has no position.
    Fresh,
    /// It has everything up to this position.
    At(Pos),
    /// It has everything up to event `seq` of its session, named or not.
    Event {
        /// The number of the last event it has.
        seq: Seq,
        /// The session it belongs to, if the client said so.
        session: Option<String>,
    },
    /// Its numbers could not be read.
    Bad,
}

impl Resume {
    /// From the parameters `pos`, `resume_from` and `session`.
    ///
    /// With `pos` the others are ignored; `session` alone is no request. A number is decimal
    /// digits, at most 2^53 - 1.
    #[must_use]
    pub fn parse(pos: Option<&str>, resume_from: Option<&str>, session: Option<&str>) -> Self {
        match (pos, resume_from) {
            (Some(pos), _) => number(pos)
                .and_then(Pos::checked)
                .map_or(Self::Bad, Self::At),
            (None, Some(seq)) => number(seq).and_then(Seq::checked).map_or(Self::Bad, |seq| {
                let session = session.map(str::to_owned);
                Self::Event { seq, session }
            }),
            (None, None) => Self::Fresh,
        }
    }
}

fn number(text: &str) -> Option<i64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

/// A tab that wants to attach.
#[derive(Clone, Debug, PartialEq)]
pub struct NewTab {
    /// Where it wants to continue.
    pub resume: Resume,
    /// The gateway has itself seen this exact position pass, so it may answer without the server.
    pub passed: bool,
    /// When the first ping is due, as a part (0 to 1) of the ping interval.
    pub jitter: f64,
    /// When its token ends; the tab is closed 4009 then.
    pub valid_until: Option<Instant>,
    /// The session's id, if the session must be created.
    pub session_id: String,
    /// The session's `seq` before its first event, if the session must be created; below 2^48.
    pub first_seq: Seq,
}

/// One page of a user's events from the server's log, in log order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogPage {
    /// The user's events after the position asked for; at most 500 or 1 MiB of them, which is
    /// also what a tab holds of the log at a time.
    pub entries: Vec<Arc<Entry>>,
    /// There are more events; the page covers the log as far as its last entry.
    pub more: bool,
    /// How far the page covers the log, when there are no more.
    pub through: Pos,
}

impl LogPage {
    /// Every event of the user up to here is on the page or before it.
    pub(crate) fn covered(&self) -> Pos {
        match self.entries.last() {
            Some(last) if self.more => last.pos(),
            None if self.more => Pos::MIN,
            Some(_) | None => self.through,
        }
    }
}

/// What the server's log says to a position a client came with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogAnswer {
    /// It is not honoured.
    Refused(ResyncReason),
    /// It is honoured; this is what comes after it.
    Page(LogPage),
}

/// How an attached tab's stream begins, as its `hello` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What came of its resume.
    pub resumed: Resumed,
    /// Why, if it cannot be continued.
    pub reason: Option<ResyncReason>,
}

/// What became of [`attach`](crate::Shard::attach).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attach {
    /// The tab is attached; poll its output.
    Attached(Outcome),
    /// Nothing was changed: only the server can decide. Attach again with its answer.
    NeedsLog {
        /// The position the client came with.
        after: Pos,
        /// How far a replay has to go; may be below `after` when this gateway lags behind.
        through: Pos,
    },
}
