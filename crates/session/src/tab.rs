//! One connection of a session: its cursor, its outbox, its timers and its limits.

use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, Instant},
};

use antiphon_api::{
    frame::{CloseCode, ServerFrame},
    ids::Pos,
};

use crate::{
    config::Config,
    cursor::{Cursor, Step},
    heartbeat::{Due, Heartbeat},
    limits::Limits,
    outbox::{Outbox, encode},
    resume::{LogPage, NewTab},
    ring::Ring,
    traffic::{Now, Output, Received},
};

/// Characters of a client's own text that are repeated to it in an `error` frame.
const ECHO_CHARS: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Open,
    Pending(CloseCode),
    Told,
}

#[derive(Debug)]
pub(crate) struct Tab {
    /// Its output was polled to the end, so it is to be woken when there is more.
    idle: bool,
    ending: Ending,
    calls_in_flight: usize,
    cursor: Cursor,
    outbox: Outbox,
    heartbeat: Heartbeat,
    limits: Limits,
}

impl Tab {
    pub(crate) fn new(
        config: &Config,
        new: &NewTab,
        cursor: Cursor,
        hello: &ServerFrame<'_>,
        now: Instant,
    ) -> Self {
        let mut outbox = Outbox::default();
        outbox.push_control(hello);
        Self {
            idle: false,
            ending: Ending::Open,
            calls_in_flight: 0,
            cursor,
            outbox,
            heartbeat: Heartbeat::new(config, new.jitter, new.valid_until, now),
            limits: Limits::new(config, now),
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.ending == Ending::Open
    }

    pub(crate) const fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// Whether the tab must be told that it has output; `true` once until it is polled dry again.
    pub(crate) const fn wake(&mut self) -> bool {
        std::mem::replace(&mut self.idle, false)
    }

    /// The ring has a new event. Whether the tab must be told.
    pub(crate) fn wake_for_event(&mut self) -> bool {
        self.is_open() && self.cursor.reads_ring() && self.wake()
    }

    /// Whether the tab must be told.
    pub(crate) fn relay(&mut self, frame: &Arc<[u8]>, key: Option<&str>, config: &Config) -> bool {
        let takes = self.is_open() && self.cursor.is_live();
        if takes {
            self.outbox.push_ephemeral(frame, key, config);
        }
        takes && self.wake()
    }

    pub(crate) fn poll_output(&mut self, ring: &Ring, position: Pos) -> Option<Output> {
        let output = self.next_output(ring, position);
        self.idle = output.is_none();
        output
    }

    /// The output of a tab whose session is forgotten.
    pub(crate) fn poll_ending(&mut self) -> Option<Output> {
        let output = self.next_ending();
        self.idle = output.is_none();
        output
    }

    fn next_output(&mut self, ring: &Ring, position: Pos) -> Option<Output> {
        if let Some(output) = self.next_ending() {
            return Some(output);
        }
        if !self.is_open() {
            return None;
        }
        if let Some(ts) = self.outbox.pop_ping() {
            let pos = self.cursor.sent(ring, position);
            return Some(positioned(&ServerFrame::Ping { ts, pos }, pos));
        }
        if let Some(bytes) = self.outbox.pop_answer() {
            return Some(Output::Frame { bytes, pos: None });
        }
        let step = self.cursor.poll(ring, position);
        if !self.cursor.is_live() {
            self.outbox.drop_ephemerals();
        }
        step.map(step_output)
            .or_else(|| self.outbox.pop_ephemeral().map(Output::Ephemeral))
    }

    fn next_ending(&mut self) -> Option<Output> {
        if let Some(bytes) = self.outbox.pop_control() {
            return Some(Output::Frame { bytes, pos: None });
        }
        let Ending::Pending(code) = self.ending else {
            return None;
        };
        self.ending = Ending::Told;
        Some(Output::Close(code))
    }

    /// `true` if it was open.
    pub(crate) fn close(&mut self, code: CloseCode) -> bool {
        let open = self.is_open();
        if open {
            self.ending = Ending::Pending(code);
            self.outbox.keep_control();
            self.cursor.let_go();
        }
        open
    }

    /// Whether the tab must be told that it gets another `live`.
    pub(crate) fn renew(&mut self, position: Pos) -> bool {
        self.is_open() && self.cursor.renew(position) && self.wake()
    }

    /// `true` if it was told just now.
    pub(crate) fn drain(&mut self, now: Instant, after: Duration) -> bool {
        let told = self.is_open() && self.heartbeat.drain(now, after);
        if told {
            let reconnect_after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
            self.outbox
                .push_control(&ServerFrame::GoingAway { reconnect_after_ms });
        }
        told
    }

    pub(crate) fn handle_log(&mut self, page: Option<LogPage>) {
        if !self.is_open() || !self.cursor.awaits_page() {
            return;
        }
        if !page.is_some_and(|page| self.cursor.load(page)) {
            self.close(CloseCode::TryLater);
        }
    }

    pub(crate) fn handle_received(
        &mut self,
        received: Received<'_>,
        config: &Config,
        now: Instant,
    ) {
        if self.is_open() {
            self.heartbeat.heard();
            if let Err(code) = self.read(received, config, now) {
                self.close(code);
            }
        }
    }

    fn read(
        &mut self,
        received: Received<'_>,
        config: &Config,
        now: Instant,
    ) -> Result<(), CloseCode> {
        if !self.limits.admit(config, now) {
            return Err(CloseCode::RateLimited);
        }
        match received {
            Received::Pong | Received::Call | Received::Visibility => Ok(()),
            Received::Unknown { kind } => self.complain("unknown_type", kind, config, now),
            Received::Malformed { why } => self.complain("malformed", why, config, now),
            Received::Binary => Err(CloseCode::BadFrames),
            Received::TooBig => Err(CloseCode::TooBig),
        }
    }

    fn complain(
        &mut self,
        code: &str,
        about: &str,
        config: &Config,
        now: Instant,
    ) -> Result<(), CloseCode> {
        if !self.limits.admit_bad(config, now) {
            return Err(CloseCode::BadFrames);
        }
        let about: String = about.chars().take(ECHO_CHARS).collect();
        let error = ServerFrame::Error {
            code: Cow::Borrowed(code),
            message: Cow::Borrowed(&about),
            reference: None,
        };
        self.outbox.push_error(&error, config);
        Ok(())
    }

    pub(crate) fn begin_call(&mut self, config: &Config) -> bool {
        let admitted = self.is_open() && self.calls_in_flight < config.calls_in_flight;
        self.calls_in_flight += usize::from(admitted);
        admitted
    }

    pub(crate) fn finish_call(&mut self, answer: Option<Vec<u8>>, config: &Config) {
        self.calls_in_flight = self.calls_in_flight.saturating_sub(1);
        self.answer(answer, config);
    }

    pub(crate) fn answer(&mut self, answer: Option<Vec<u8>>, config: &Config) {
        if !self.is_open() {
            return;
        }
        let sent = answer.is_none_or(|answer| self.outbox.push_answer(answer, config));
        if !sent {
            self.close(CloseCode::SlowConsumer);
        }
    }

    pub(crate) fn handle_written(&mut self, config: &Config, now: Instant) {
        self.heartbeat.written(config, now);
    }

    pub(crate) fn handle_blocked(&mut self, config: &Config, now: Instant) {
        self.heartbeat.blocked(config, now);
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.is_open().then(|| self.heartbeat.next())
    }

    pub(crate) fn handle_timeout(&mut self, config: &Config, now: Now) {
        if !self.is_open() {
            return;
        }
        match self.heartbeat.expire(config, now.at) {
            Some(Due::Close(code)) => {
                self.close(code);
            }
            Some(Due::Ping) => self.outbox.push_ping(now.unix_ms),
            None => {}
        }
    }
}

fn step_output(step: Step) -> Output {
    match step {
        Step::Event { seq, entry } => Output::Event { seq, entry },
        Step::Live { seq, pos, replayed } => {
            positioned(&ServerFrame::Live { seq, pos, replayed }, pos)
        }
        Step::NeedLog { after, through } => Output::NeedLog { after, through },
    }
}

fn positioned(frame: &ServerFrame<'_>, pos: Pos) -> Output {
    Output::Frame {
        bytes: encode(frame),
        pos: Some(pos),
    }
}
