//! The sessions of some principals, and the position up to which they have seen the log.
//!
//! A gateway keeps each shard behind one mutex, which thereby orders what must not overlap: push
//! an envelope and advance, create or attach, remove. That order is what makes a session's floor
//! true: a session created at the shard's position has every later event of its principal,
//! because every envelope advances every shard, with or without recipients in it. All operations
//! are short; none waits.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use antiphon_api::{
    frame::CloseCode,
    ids::{Pos, Principal},
};
use foldhash::fast::RandomState;

use crate::{
    config::Config,
    entry::Entry,
    outputs::Outputs,
    resume::{Attach, LogAnswer, LogPage, NewTab},
    session::{Session, Start},
    tab::Tab,
    traffic::{Now, Received, TabId, TabKey},
};

/// Some of a gateway's sessions, kept behind one mutex; all operations are short and none waits.
///
/// Functions that take `wake` append the tabs that were idle and have output now. Those that
/// concern one tab do not: whoever calls them polls that tab afterwards, or has it polled.
/// All of them ignore a tab that is not attached.
#[derive(Debug)]
pub struct Shard {
    config: Arc<Config>,
    position: Pos,
    sessions: HashMap<Principal, Session, RandomState>,
    /// Closing tabs whose session a [`reset`](Self::reset) has forgotten.
    departing: HashMap<TabKey, Box<Tab>, RandomState>,
    tabs: usize,
    ring_bytes: usize,
}

impl Shard {
    /// Without sessions, at `position` of the log.
    #[must_use]
    pub fn new(config: Arc<Config>, position: Pos) -> Self {
        Self {
            config,
            position,
            sessions: HashMap::default(),
            departing: HashMap::default(),
            tabs: 0,
            ring_bytes: 0,
        }
    }

    /// How far this shard has seen the log.
    #[must_use]
    pub const fn position(&self) -> Pos {
        self.position
    }

    /// Attached tabs, those closing included.
    #[must_use]
    pub const fn tabs(&self) -> usize {
        self.tabs
    }

    /// Whether the tab is closing: what is left of its output is control frames and the close.
    #[must_use]
    pub fn is_closing(&self, key: TabKey) -> bool {
        let session = self.sessions.get(&key.principal);
        session
            .and_then(|session| session.tabs.get(key.tab))
            .is_none_or(|tab| !tab.is_open())
    }

    /// Attached tabs of one session, those closing included.
    #[must_use]
    pub fn tabs_of(&self, principal: Principal) -> usize {
        self.sessions
            .get(&principal)
            .map_or(0, |session| session.tabs.len())
    }

    /// What the session of an attached tab is called; `None` once a [`reset`](Self::reset) has
    /// forgotten it.
    #[must_use]
    pub fn session_of(&self, key: TabKey) -> Option<&str> {
        let session = self.sessions.get(&key.principal)?;
        session.tabs.get(key.tab).map(|_| &*session.id)
    }

    /// Sessions, those without a tab included.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.sessions.len()
    }

    pub(crate) fn each_session(&self) -> impl Iterator<Item = &Session> {
        self.sessions.values()
    }

    /// Bytes of event text in all rings; an event counts once for each ring it is in.
    #[must_use]
    pub const fn ring_bytes(&self) -> usize {
        self.ring_bytes
    }

    /// One envelope of the log, to those of its recipients who belong to this shard, if any.
    ///
    /// Every shard must be given every envelope, in log order. One at or below the shard's
    /// position was seen before and is ignored.
    pub fn publish(
        &mut self,
        entry: &Arc<Entry>,
        to: impl IntoIterator<Item = Principal>,
        wake: &mut Vec<TabId>,
    ) {
        if !self.advance(entry.pos()) {
            return;
        }
        for principal in to {
            if let Some(session) = self.sessions.get_mut(&principal) {
                self.ring_bytes = push(session, entry, &self.config, self.ring_bytes, wake);
            }
        }
    }

    /// As [`publish`](Self::publish), to everybody.
    pub fn publish_to_all(&mut self, entry: &Arc<Entry>, wake: &mut Vec<TabId>) {
        if !self.advance(entry.pos()) {
            return;
        }
        for session in self.sessions.values_mut() {
            self.ring_bytes = push(session, entry, &self.config, self.ring_bytes, wake);
        }
    }

    fn advance(&mut self, pos: Pos) -> bool {
        let new = pos > self.position;
        self.position = self.position.max(pos);
        new
    }

    /// One ephemeral frame, to the live tabs of those who belong to this shard.
    ///
    /// Of the frames that wait for a tab under one `key`, only the newest is sent.
    pub fn relay(
        &mut self,
        frame: &Arc<[u8]>,
        key: Option<&str>,
        to: impl IntoIterator<Item = Principal>,
        wake: &mut Vec<TabId>,
    ) {
        for principal in to {
            if let Some(session) = self.sessions.get_mut(&principal) {
                session.tell(wake, |tab| tab.relay(frame, key, &self.config));
            }
        }
    }

    /// As [`relay`](Self::relay), to everybody.
    pub fn relay_to_all(&mut self, frame: &Arc<[u8]>, key: Option<&str>, wake: &mut Vec<TabId>) {
        for session in self.sessions.values_mut() {
            session.tell(wake, |tab| tab.relay(frame, key, &self.config));
        }
    }

    /// Attaches a tab, creating its session if there is none.
    ///
    /// `log` is what the server said to the tab's [`Resume::At`](crate::Resume::At) position, if it was asked.
    /// A tab attached before under the same key is replaced.
    pub fn attach(
        &mut self,
        key: TabKey,
        tab: &NewTab,
        log: Option<LogAnswer>,
        now: Now,
    ) -> Attach {
        let position = self.position;
        let session = self.sessions.get(&key.principal);
        let start = match Start::decide(session, position, tab, log) {
            Ok(start) => start,
            Err(after) => {
                let through = position;
                return Attach::NeedsLog { after, through };
            }
        };
        let outcome = start.told();
        let new = || Session::new(tab, position);
        let session = self.sessions.entry(key.principal).or_insert_with(new);
        let added = session.add_tab(key.tab, tab, start, position, &self.config, now.at);
        self.tabs += usize::from(added);
        Attach::Attached(outcome)
    }

    /// What the tab's socket is to do next, one thing after the other. At its end there is nothing,
    /// and the tab will be in a `wake` list once when there is; whoever stops before that goes on
    /// later.
    pub fn outputs(&mut self, key: TabKey) -> Outputs<'_> {
        if let Some(session) = self.sessions.get_mut(&key.principal)
            && let Some(tab) = session.tabs.get_mut(key.tab)
        {
            return Outputs::of(tab, &session.ring, self.position);
        }
        Outputs::of_departing(self.departing.get_mut(&key).map(Box::as_mut))
    }

    /// The answer to [`Output::NeedLog`]; `None` if the server refused or could not answer, which
    /// closes the tab 1013, as does a page that covers nothing new.
    pub fn handle_log(&mut self, key: TabKey, page: Option<LogPage>) {
        self.with_tab(key, |tab, _| tab.handle_log(page));
    }

    /// The client sent a frame.
    pub fn handle_received(&mut self, key: TabKey, received: Received<'_>, now: Now) {
        self.with_tab(key, |tab, config| {
            tab.handle_received(received, config, now.at);
        });
    }

    /// Whether the tab may make one more call now. Each `true` is to be followed by
    /// [`finish_call`](Self::finish_call), each `false` by [`refuse_call`](Self::refuse_call).
    pub fn begin_call(&mut self, key: TabKey) -> bool {
        self.with_tab(key, Tab::begin_call).unwrap_or(false)
    }

    /// A call has ended; a notification has no answer.
    pub fn finish_call(&mut self, key: TabKey, answer: Option<Vec<u8>>) {
        self.with_tab(key, |tab, config| tab.finish_call(answer, config));
    }

    /// The answer to a call that was not begun, being one too many.
    pub fn refuse_call(&mut self, key: TabKey, answer: Option<Vec<u8>>) {
        self.with_tab(key, |tab, config| tab.answer(answer, config));
    }

    /// The socket took some bytes.
    pub fn handle_written(&mut self, key: TabKey, now: Now) {
        self.with_tab(key, |tab, config| tab.handle_written(config, now.at));
    }

    /// The socket takes no bytes and there are some for it.
    pub fn handle_blocked(&mut self, key: TabKey, now: Now) {
        self.with_tab(key, |tab, config| tab.handle_blocked(config, now.at));
    }

    /// Closes a tab; what it is still sent before [`Output::Close`] is its control frames.
    /// The first code given stands.
    pub fn close(&mut self, key: TabKey, code: CloseCode) {
        self.with_tab(key, |tab, _| tab.close(code));
    }

    /// As [`close`](Self::close), all tabs.
    pub fn close_all(&mut self, code: CloseCode, wake: &mut Vec<TabId>) {
        for session in self.sessions.values_mut() {
            session.tell(wake, |tab| tab.close(code) && tab.wake());
        }
    }

    /// Tells every tab to come back after a time of its own, which `pick` draws, and closes it
    /// 1012 then. A tab that was told before keeps its time.
    pub fn drain(&mut self, now: Now, mut pick: impl FnMut() -> Duration, wake: &mut Vec<TabId>) {
        for session in self.sessions.values_mut() {
            session.tell(wake, |tab| tab.drain(now.at, pick()) && tab.wake());
        }
    }

    /// Sends every live tab another `live`: what is not in the log may have been missed, and after
    /// a `live` clients ask for it.
    pub fn renew(&mut self, wake: &mut Vec<TabId>) {
        let position = self.position;
        for session in self.sessions.values_mut() {
            session.tell(wake, |tab| tab.renew(position));
        }
    }

    /// The log this shard followed is discarded: closes all tabs 1012, forgets all sessions and
    /// goes on at `position`. The tabs can be polled until they are detached.
    pub fn reset(&mut self, position: Pos, wake: &mut Vec<TabId>) {
        self.close_all(CloseCode::Restart, wake);
        for (principal, session) in self.sessions.drain() {
            let keyed = |(tab, state)| (TabKey { principal, tab }, state);
            self.departing.extend(session.tabs.into_iter().map(keyed));
        }
        self.ring_bytes = 0;
        self.position = position;
    }

    /// The connection is gone. The session's linger begins with its last tab's end.
    pub fn detach(&mut self, key: TabKey, now: Now) {
        let attached = match self.sessions.get_mut(&key.principal) {
            Some(session) => session.remove_tab(key.tab, now.at),
            None => false,
        };
        let removed = attached || self.departing.remove(&key).is_some();
        self.tabs -= usize::from(removed);
    }

    /// When to call [`handle_timeout`](Self::handle_timeout). It changes with every call that
    /// concerns the tab, and is `None` once the tab is closing.
    #[must_use]
    pub fn poll_timeout(&self, key: TabKey) -> Option<Instant> {
        let session = self.sessions.get(&key.principal)?;
        session.tabs.get(key.tab)?.poll_timeout()
    }

    /// Does what is due at `now`, if anything is.
    pub fn handle_timeout(&mut self, key: TabKey, now: Now) {
        self.with_tab(key, |tab, config| tab.handle_timeout(config, now));
    }

    /// Removes the sessions whose linger has passed; how many.
    pub fn sweep(&mut self, now: Now) -> usize {
        let before = self.sessions.len();
        let mut freed = 0;
        self.sessions.retain(|_, session| {
            let over = session.is_over(&self.config, now.at);
            freed += if over { session.ring.bytes() } else { 0 };
            !over
        });
        self.ring_bytes -= freed;
        before - self.sessions.len()
    }

    fn with_tab<T>(&mut self, key: TabKey, what: impl FnOnce(&mut Tab, &Config) -> T) -> Option<T> {
        let session = self.sessions.get_mut(&key.principal)?;
        let tab = session.tabs.get_mut(key.tab)?;
        Some(what(tab, &self.config))
    }
}

/// Pushes within the shard's budget; the bytes in all rings before and after.
fn push(
    session: &mut Session,
    entry: &Arc<Entry>,
    config: &Config,
    ring_bytes: usize,
    wake: &mut Vec<TabId>,
) -> usize {
    let others = ring_bytes - session.ring.bytes();
    session.push(entry, config, wake);
    while others + session.ring.bytes() > config.shard_ring_bytes && session.ring.evict_oldest() {}
    others + session.ring.bytes()
}
