//! Where a tab stands in its user's stream: the client's rules as a machine without I/O.
//!
//! What comes over the connection goes in ([`hello`](Cursor::hello), [`event`](Cursor::event),
//! [`live`](Cursor::live), [`ping`](Cursor::ping)), and each call says what to do. The rules:
//!
//! 1. The highest `pos` is kept, and an event that is not above it is dropped.
//! 2. From `live` on each `seq` is one more than the last, dropped events included; otherwise
//!    something is missing and the tab reconnects from its `pos`, the odd event unapplied. An
//!    unnumbered log event means the gateway is catching up from the log; counting begins again
//!    with the `live` that ends it.
//! 3. After `fresh` or `resync` a snapshot is owed, and until one is taken no position is
//!    presented and log events are held. The old position is forgotten, because the log may be
//!    another one (a restored backup) whose positions are lower. A snapshot is taken only if it
//!    was read at or after the position where the holding began, which `live` tells: one asked
//!    for on an earlier connection can be too old, with a gap before the first held event.
//! 4. A snapshot replaces; then the held events above it follow in order.
//!
//! (That `presence.list` is asked after each `live` is the application's part.) Ephemeral events
//! pass, except while a snapshot is owed: there is no state yet that they could belong to.

#[cfg(test)]
mod tests;

use antiphon_api::{
    ids::{Pos, Seq},
    resume::Resumed,
};

/// How many events are held for a snapshot, at most; with one more the tab reconnects, which
/// drops them all, and the application is asked for a snapshot anew.
pub const MAX_HELD_EVENTS: usize = 20_000;

/// One tab's place, and the events it holds.
#[derive(Clone, Debug)]
pub struct Cursor<E> {
    /// Everything up to here came; of this log or, when a snapshot is owed, of this connection.
    pos: Option<Pos>,
    /// The last `seq`, from `live` on.
    seq: Option<Seq>,
    is_live: bool,
    owed: Option<Owed<E>>,
}

#[derive(Clone, Debug)]
struct Owed<E> {
    /// Where holding began, once `live` told it.
    floor: Option<Pos>,
    held: Vec<(Pos, E)>,
}

impl<E> Owed<E> {
    const fn new() -> Self {
        Self {
            floor: None,
            held: Vec::new(),
        }
    }
}

/// What to do with an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict<E> {
    /// Apply it.
    Deliver(E),
    /// It waits for the snapshot.
    Held,
    /// The state has it already, or it belongs to no state.
    Dropped,
    /// Leave this connection and come back with [`Cursor::resume`].
    Reconnect(Gap),
}

/// Why a connection cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Gap {
    #[error("event {got} came after {last}")]
    Seq { last: Seq, got: Seq },
    #[error("over {MAX_HELD_EVENTS} events wait for a snapshot")]
    TooManyHeld,
}

/// What follows from `live`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnLive {
    /// The state is whole.
    Whole,
    /// A snapshot must be loaded, beginning not before this moment.
    LoadSnapshot,
    /// The snapshot that this connection asked for is still awaited.
    AwaitSnapshot,
}

/// The snapshot was read before the events that are held began, or before what was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the snapshot is too old; load another one")]
pub struct StaleSnapshot;

impl<E> Cursor<E> {
    /// A tab without state: it comes without a position and will be asked for a snapshot.
    #[must_use]
    pub const fn fresh() -> Self {
        Self {
            pos: None,
            seq: None,
            is_live: false,
            owed: Some(Owed::new()),
        }
    }

    /// A tab whose state is that of `pos`.
    #[must_use]
    pub const fn at(pos: Pos) -> Self {
        Self {
            pos: Some(pos),
            seq: None,
            is_live: false,
            owed: None,
        }
    }

    /// The position to come with.
    #[must_use]
    pub const fn resume(&self) -> Option<Pos> {
        if self.owed.is_some() { None } else { self.pos }
    }

    /// Whether `live` came on this connection and the state is whole.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.is_live && self.owed.is_none()
    }

    /// A connection began.
    pub fn hello(&mut self, resumed: Resumed) {
        self.disconnected();
        let starts_over = matches!(resumed, Resumed::Fresh | Resumed::Resync);
        if starts_over || self.owed.is_some() {
            self.pos = None;
            self.owed = Some(Owed::new());
        }
    }

    /// The connection ended.
    pub const fn disconnected(&mut self) {
        self.seq = None;
        self.is_live = false;
    }

    /// The replay is whole up to `pos`, where the session's newest event was `seq`.
    pub fn live(&mut self, seq: Seq, pos: Pos) -> OnLive {
        self.seq = Some(seq);
        self.is_live = true;
        self.raise(pos);
        match &mut self.owed {
            None => OnLive::Whole,
            Some(Owed { floor: Some(_), .. }) => OnLive::AwaitSnapshot,
            Some(owed) => {
                owed.floor = Some(pos);
                OnLive::LoadSnapshot
            }
        }
    }

    /// Everything up to `pos` was sent.
    pub fn ping(&mut self, pos: Pos) {
        self.raise(pos);
    }

    /// An event came; without a `pos` it is ephemeral.
    pub fn event(&mut self, seq: Option<Seq>, pos: Option<Pos>, event: E) -> Verdict<E> {
        let Some(pos) = pos else {
            return match self.owed {
                Some(_) => Verdict::Dropped,
                None => Verdict::Deliver(event),
            };
        };
        if let Err(gap) = self.count(seq) {
            return Verdict::Reconnect(gap);
        }
        if self.pos.is_some_and(|highest| pos <= highest) {
            return Verdict::Dropped;
        }
        match &mut self.owed {
            None => {
                self.pos = Some(pos);
                Verdict::Deliver(event)
            }
            Some(owed) if owed.held.len() < MAX_HELD_EVENTS => {
                self.pos = Some(pos);
                owed.held.push((pos, event));
                Verdict::Held
            }
            Some(_) => Verdict::Reconnect(Gap::TooManyHeld),
        }
    }

    /// A snapshot read at `pos` is at hand. Gives the events to apply on top of it.
    ///
    /// # Errors
    /// When events between it and those that follow are missing; nothing has changed then.
    pub fn snapshot(&mut self, pos: Pos) -> Result<Vec<E>, StaleSnapshot> {
        let floor = match &self.owed {
            Some(owed) => owed.floor.ok_or(StaleSnapshot)?,
            None => self.pos.unwrap_or(Pos::MIN),
        };
        if pos < floor {
            return Err(StaleSnapshot);
        }
        self.raise(pos);
        let held = self.owed.take().map(|owed| owed.held).unwrap_or_default();
        Ok(held
            .into_iter()
            .filter(|(at, _)| *at > pos)
            .map(|(_, event)| event)
            .collect())
    }

    fn count(&mut self, seq: Option<Seq>) -> Result<(), Gap> {
        match (self.seq, seq) {
            (Some(last), Some(got)) if got != last.next() => Err(Gap::Seq { last, got }),
            (Some(_), _) => {
                self.seq = seq;
                Ok(())
            }
            (None, _) => Ok(()),
        }
    }

    fn raise(&mut self, pos: Pos) {
        self.pos = self.pos.max(Some(pos));
    }
}
