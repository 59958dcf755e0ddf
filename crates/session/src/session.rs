//! The state of one principal: a ring, and the tabs that read it.

use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, Instant},
};

use antiphon_api::{
    PROTOCOL,
    frame::ServerFrame,
    ids::{Pos, Seq},
    resume::{Resumed, ResyncReason},
};

use crate::{
    config::Config,
    cursor::Cursor,
    entry::Entry,
    resume::{LogAnswer, LogPage, NewTab, Outcome, Resume},
    ring::Ring,
    tab::Tab,
    tabs::Tabs,
    traffic::TabId,
};

#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) ring: Ring,
    pub(crate) tabs: Tabs,
    /// When the last tab left.
    pub(crate) empty_since: Option<Instant>,
}

/// How a tab's stream begins. Decided before anything is changed.
#[derive(Debug)]
pub(crate) enum Start {
    Fresh,
    Ring(Pos),
    Log(Pos, LogPage),
    Resync(ResyncReason),
}

impl Start {
    /// `Err` with the client's position if only the server can decide about it.
    ///
    /// `session` is the principal's, if there is one; a session created now would have `position`
    /// as its floor.
    pub(crate) fn decide(
        session: Option<&Session>,
        position: Pos,
        new: &NewTab,
        log: Option<LogAnswer>,
    ) -> Result<Self, Pos> {
        let after = match &new.resume {
            Resume::Fresh => return Ok(Self::Fresh),
            Resume::Bad => return Ok(Self::Resync(ResyncReason::BadParameters)),
            Resume::Event {
                seq,
                session: named,
            } => {
                let start = session.and_then(|session| session.start_from(*seq, named.as_deref()));
                return Ok(start.unwrap_or(Self::Resync(ResyncReason::UnknownSession)));
            }
            Resume::At(after) => *after,
        };
        let reaches = session.map_or(position, |session| session.ring.floor()) <= after;
        match log {
            Some(LogAnswer::Refused(reason)) => Ok(Self::Resync(reason)),
            Some(LogAnswer::Page(_)) if reaches => Ok(Self::Ring(after)),
            Some(LogAnswer::Page(page)) => Ok(Self::Log(after, page)),
            None if new.passed && reaches => Ok(Self::Ring(after)),
            None => Err(after),
        }
    }

    pub(crate) const fn told(&self) -> Outcome {
        let (resumed, reason) = match self {
            Self::Fresh => (Resumed::Fresh, None),
            Self::Ring(_) => (Resumed::Ring, None),
            Self::Log(..) => (Resumed::Log, None),
            Self::Resync(reason) => (Resumed::Resync, Some(*reason)),
        };
        Outcome { resumed, reason }
    }

    fn cursor(self, ring: &Ring, position: Pos) -> Cursor {
        match self {
            Self::Fresh | Self::Resync(_) => Cursor::on_ring(ring, position, position),
            Self::Ring(after) => Cursor::on_ring(ring, after, position),
            Self::Log(after, page) => Cursor::on_log(after, position, page),
        }
    }
}

impl Session {
    pub(crate) fn new(new: &NewTab, position: Pos) -> Self {
        Self {
            id: new.session_id.clone(),
            ring: Ring::new(new.first_seq, position),
            tabs: Tabs::default(),
            empty_since: None,
        }
    }

    fn start_from(&self, seq: Seq, named: Option<&str>) -> Option<Start> {
        let ours = named.is_none_or(|named| named == self.id);
        let after = self.ring.position_of(seq).filter(|_| ours)?;
        Some(Start::Ring(after))
    }

    /// `true` if the tab's id was not there before.
    pub(crate) fn add_tab(
        &mut self,
        id: TabId,
        new: &NewTab,
        start: Start,
        position: Pos,
        config: &Config,
        now: Instant,
    ) -> bool {
        let Outcome { resumed, reason } = start.told();
        let hello = ServerFrame::Hello {
            protocol: PROTOCOL,
            session: Cow::Borrowed(&self.id),
            resumed,
            reason,
            ping_interval_ms: millis(config.ping_interval),
            pong_timeout_ms: millis(config.pong_timeout),
            server: Cow::Borrowed(&config.server),
        };
        let cursor = start.cursor(&self.ring, position);
        let tab = Tab::new(config, new, cursor, &hello, now);
        self.empty_since = None;
        self.tabs.insert(id, Box::new(tab))
    }

    /// Numbers an event and keeps it.
    pub(crate) fn push(&mut self, entry: &Arc<Entry>, config: &Config, wake: &mut Vec<TabId>) {
        if self.ring.push(entry, config) {
            self.tell(wake, Tab::wake_for_event);
        }
    }

    /// Does `what` to every tab, and notes those it says must be told.
    pub(crate) fn tell(&mut self, wake: &mut Vec<TabId>, mut what: impl FnMut(&mut Tab) -> bool) {
        let told = self
            .tabs
            .iter_mut()
            .filter_map(|(id, tab)| what(tab).then_some(id));
        wake.extend(told);
    }

    /// `true` if the tab was there.
    pub(crate) fn remove_tab(&mut self, id: TabId, now: Instant) -> bool {
        let removed = self.tabs.remove(id);
        if removed && self.tabs.is_empty() {
            self.empty_since = Some(now);
        }
        removed
    }

    pub(crate) fn is_over(&self, config: &Config, now: Instant) -> bool {
        self.empty_since
            .is_some_and(|since| since + config.linger <= now)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
