//! A tab that comes back: connects, resumes, and tells the application what it needs to know.
//!
//! The application's loop is a match over [`Update`]:
//!
//! - `Resynced`: call `state.snapshot` now, replace the state, and say its position to
//!   [`Follow::snapshot_loaded`]; until then no log event comes. A load that was under way when
//!   this comes again is not worth finishing.
//! - `Event`: apply it. None comes twice, none is missing, and they come in the log's order.
//! - `Live`: the state is whole; ask `presence.list`.
//! - `Disconnected`: for the display; the next call of `next` waits and connects again.
//!
//! The rules are [`Cursor`]'s; here is only what touches a socket or a clock. The loop ends where
//! coming back is pointless ([`Stopped`]); calling `next` after that tries once more.

mod backoff;
#[cfg(test)]
mod tests;

use std::{collections::VecDeque, future::Future, pin::Pin, time::Duration};

use antiphon_api::{frame::ServerFrame, ids::Pos, resume::ResyncReason};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::Instant,
};

use crate::{
    cursor::{Cursor, Gap, OnLive, StaleSnapshot, Verdict},
    stream::{Closed, ConnectError, Content, EventFrame, Frame, Stream, Target},
};
use backoff::Backoff;
pub use backoff::{FIRST, LONGEST, STABLE};

/// The longest a gateway can make a client wait, by `Retry-After` or `going_away`.
pub const MAX_ASKED_WAIT: Duration = Duration::from_secs(300);

/// A connection attempt.
pub type Dialing<S> = Pin<Box<dyn Future<Output = Result<Stream<S>, ConnectError>> + Send>>;
type ShowControl = Box<dyn FnMut(&str) + Send>;
type Dial<S> = Box<dyn FnMut(Option<Pos>) -> Dialing<S> + Send>;

/// What an application needs to know.
#[derive(Debug)]
pub enum Update {
    /// Load a snapshot now, one of `pos` or later. `reason` is none when the tab came without a
    /// position.
    Resynced {
        reason: Option<ResyncReason>,
        pos: Pos,
    },
    Event(EventFrame),
    /// The state is whole up to `pos`; what follows is news.
    Live {
        pos: Pos,
    },
    Disconnected {
        why: Lost,
        retry_in: Duration,
    },
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    #[error(transparent)]
    Connect(ConnectError),
    #[error(transparent)]
    Closed(Closed),
    /// Events are missing; coming back with the position gets them.
    #[error(transparent)]
    Gap(Gap),
    /// The gateway asked to leave.
    #[error("the gateway is going away")]
    GoingAway,
}

/// Coming back is pointless.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    #[error("cannot connect")]
    Refused(#[source] ConnectError),
    #[error("closed for good")]
    Closed(#[source] Closed),
}

/// A tab that comes back.
pub struct Follow<S = TcpStream> {
    dial: Dial<S>,
    cursor: Cursor<EventFrame>,
    backoff: Backoff,
    link: Link<S>,
    reason: Option<ResyncReason>,
    ready: VecDeque<Update>,
    on_control: Option<ShowControl>,
}

enum Link<S> {
    Down { until: Instant },
    Dialing(Dialing<S>),
    Open(Box<Open<S>>),
}

struct Open<S> {
    stream: Stream<S>,
    live_since: Option<Instant>,
    /// When the gateway wants us elsewhere.
    leave_at: Option<Instant>,
}

impl Follow {
    /// Follows `target` from its `resume`, with the same token each time. A ticket opens one
    /// connection only; for more see [`dialing`](Self::dialing).
    #[must_use]
    pub fn target(target: Target) -> Self {
        let from = target.resume;
        Self::dialing(from, move |resume| {
            let target = Target {
                resume,
                ..target.clone()
            };
            Box::pin(async move { Stream::connect(&target).await })
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Follow<S> {
    /// Follows whatever `dial` opens, which gets the position to come with. `from` is the position
    /// of a state that exists. What keeps `dial` from getting credentials is
    /// [`ConnectError::Credentials`].
    pub fn dialing(
        from: Option<Pos>,
        dial: impl FnMut(Option<Pos>) -> Dialing<S> + Send + 'static,
    ) -> Self {
        Self {
            dial: Box::new(dial),
            cursor: from.map_or_else(Cursor::fresh, Cursor::at),
            backoff: Backoff::default(),
            link: Link::Down {
                until: Instant::now(),
            },
            reason: None,
            ready: VecDeque::new(),
            on_control: None,
        }
    }

    /// Shows every control frame to `show`, as it came.
    #[must_use]
    pub fn showing_control(mut self, show: impl FnMut(&str) + Send + 'static) -> Self {
        self.on_control = Some(Box::new(show));
        self
    }

    /// What happens next. May be dropped before it is done and called again; nothing is lost.
    ///
    /// # Errors
    /// When coming back is pointless.
    pub async fn next(&mut self) -> Result<Update, Stopped> {
        loop {
            if let Some(update) = self.ready.pop_front() {
                return Ok(update);
            }
            match &mut self.link {
                Link::Down { until } => {
                    tokio::time::sleep_until(*until).await;
                    self.link = Link::Dialing((self.dial)(self.cursor.resume()));
                }
                Link::Dialing(dialing) => match dialing.await {
                    Ok(stream) => self.link = Link::Open(Box::new(Open::new(stream))),
                    Err(error) => self.refused(error)?,
                },
                Link::Open(open) => match open.next().await {
                    Ok(frame) => self.heard(frame),
                    Err(lost) => self.ended(lost)?,
                },
            }
        }
    }

    /// The application holds the state of a snapshot read at `pos`. The events after it follow,
    /// then [`Update::Live`] if connected.
    ///
    /// # Errors
    /// When events between it and those that follow would be missing. Then load another one:
    /// now, or when `Resynced` comes, if the connection has just begun.
    pub fn snapshot_loaded(&mut self, pos: Pos) -> Result<(), StaleSnapshot> {
        let held = self.cursor.snapshot(pos)?;
        self.ready.retain(|update| !is_covered(update, pos));
        self.ready.extend(held.into_iter().map(Update::Event));
        if self.cursor.is_live() {
            self.ready.push_back(Update::Live { pos });
        }
        Ok(())
    }

    /// The position a state that applied everything so far has; none while a snapshot is owed.
    #[must_use]
    pub const fn pos(&self) -> Option<Pos> {
        self.cursor.resume()
    }

    fn heard(&mut self, frame: Frame) {
        match frame.content {
            Content::Control(control) => {
                if let Some(show) = &mut self.on_control {
                    show(&frame.raw);
                }
                self.control(&control);
            }
            Content::Event(event) => match self.cursor.event(event.seq, event.pos, event) {
                Verdict::Deliver(event) => self.ready.push_back(Update::Event(event)),
                Verdict::Held | Verdict::Dropped => {}
                Verdict::Reconnect(gap) => self.down(Lost::Gap(gap), None),
            },
            Content::Answer(_) | Content::Unknown => {}
        }
    }

    fn control(&mut self, control: &ServerFrame<'_>) {
        match control {
            ServerFrame::Hello {
                resumed, reason, ..
            } => {
                self.reason = *reason;
                self.cursor.hello(*resumed);
            }
            ServerFrame::Live { seq, pos, .. } => {
                if let Link::Open(open) = &mut self.link {
                    open.live_since.get_or_insert_with(Instant::now);
                }
                match self.cursor.live(*seq, *pos) {
                    OnLive::Whole => self.ready.push_back(Update::Live { pos: *pos }),
                    OnLive::LoadSnapshot => self.ready.push_back(Update::Resynced {
                        reason: self.reason,
                        pos: *pos,
                    }),
                    OnLive::AwaitSnapshot => {}
                }
            }
            ServerFrame::Ping { pos, .. } => self.cursor.ping(*pos),
            ServerFrame::GoingAway { reconnect_after_ms } => {
                let wait = Duration::from_millis(*reconnect_after_ms).min(MAX_ASKED_WAIT);
                if let Link::Open(open) = &mut self.link {
                    open.leave_at.get_or_insert_with(|| Instant::now() + wait);
                }
            }
            ServerFrame::Error { .. } | ServerFrame::Closed { .. } => {}
        }
    }

    fn refused(&mut self, error: ConnectError) -> Result<(), Stopped> {
        let asked = match &error {
            ConnectError::Refused { retry_after, .. } => *retry_after,
            ConnectError::Target(_)
            | ConnectError::Connect(_)
            | ConnectError::TimedOut
            | ConnectError::Upgrade(_)
            | ConnectError::Credentials(_) => None,
        };
        if error.is_terminal() {
            self.link = self.wait(asked).0;
            return Err(Stopped::Refused(error));
        }
        self.down(Lost::Connect(error), asked);
        Ok(())
    }

    fn ended(&mut self, lost: Lost) -> Result<(), Stopped> {
        match lost {
            Lost::Closed(closed) if closed.is_terminal() => {
                self.link = self.wait(None).0;
                return Err(Stopped::Closed(closed));
            }
            Lost::Connect(_) | Lost::Closed(_) | Lost::Gap(_) | Lost::GoingAway => {
                self.down(lost, None);
            }
        }
        Ok(())
    }

    fn down(&mut self, why: Lost, asked: Option<Duration>) {
        let (link, retry_in) = self.wait(asked);
        self.link = link;
        self.ready.push_back(Update::Disconnected { why, retry_in });
    }

    /// The end of what was, and the wait that follows. A gateway that asked us to leave has spread
    /// its tabs itself.
    fn wait(&mut self, asked: Option<Duration>) -> (Link<S>, Duration) {
        self.cursor.disconnected();
        let now = Instant::now();
        let mut leave_at = None;
        if let Link::Open(open) = &self.link {
            let since = open.live_since.unwrap_or(now);
            self.backoff.ended_after(now - since);
            leave_at = open.leave_at;
        }
        let wait = leave_at.map_or_else(
            || {
                let drawn = self.backoff.next(getrandom::u32().unwrap_or(u32::MAX));
                drawn.max(asked.unwrap_or_default().min(MAX_ASKED_WAIT))
            },
            |at| at.saturating_duration_since(now),
        );
        (Link::Down { until: now + wait }, wait)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Open<S> {
    const fn new(stream: Stream<S>) -> Self {
        Self {
            stream,
            live_since: None,
            leave_at: None,
        }
    }

    async fn next(&mut self) -> Result<Frame, Lost> {
        let heard = match self.leave_at {
            None => self.stream.next().await,
            Some(at) => tokio::time::timeout_at(at, self.stream.next())
                .await
                .map_err(|_| Lost::GoingAway)?,
        };
        heard.map_err(Lost::Closed)
    }
}

/// Whether `update` is an event that a snapshot read at `pos` has in it.
fn is_covered(update: &Update, pos: Pos) -> bool {
    match update {
        Update::Event(event) => event.pos.is_some_and(|at| at <= pos),
        Update::Resynced { .. } | Update::Live { .. } | Update::Disconnected { .. } => false,
    }
}
