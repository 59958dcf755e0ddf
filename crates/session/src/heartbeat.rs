//! A tab's timers: ping and pong, the stalled socket, the end of its token, the end of a drain.
//!
//! A ping that could not be written asks for no pong. So while the socket is blocked only the
//! stall counts, and the pong is due its whole timeout after the write that ends the blockage.

use std::time::{Duration, Instant};

use antiphon_api::frame::CloseCode;

use crate::config::Config;

#[derive(Debug)]
pub(crate) struct Heartbeat {
    ping_at: Instant,
    pong_by: Option<Instant>,
    written_by: Option<Instant>,
    token_ends: Option<Instant>,
    drained_at: Option<Instant>,
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Close(CloseCode),
    Ping,
}

impl Heartbeat {
    /// A `jitter` that is not within 0..=1 is taken as the nearest that is; no number as 0.
    pub(crate) fn new(
        config: &Config,
        jitter: f64,
        token_ends: Option<Instant>,
        now: Instant,
    ) -> Self {
        let part = if jitter > 0.0 { jitter.min(1.0) } else { 0.0 };
        Self {
            ping_at: now + config.ping_interval.mul_f64(part),
            pong_by: None,
            written_by: None,
            token_ends,
            drained_at: None,
        }
    }

    pub(crate) fn next(&self) -> Instant {
        let ends = self.closes().into_iter().filter_map(|(at, _)| at);
        ends.fold(self.ping_at, Instant::min)
    }

    fn closes(&self) -> [(Option<Instant>, CloseCode); 4] {
        let pong_by = self.pong_by.filter(|_| self.written_by.is_none());
        [
            (self.token_ends, CloseCode::TokenExpired),
            (self.drained_at, CloseCode::Restart),
            (self.written_by, CloseCode::SlowConsumer),
            (pong_by, CloseCode::NoPong),
        ]
    }

    pub(crate) fn expire(&mut self, config: &Config, now: Instant) -> Option<Due> {
        let mut closes = self.closes().into_iter();
        if let Some((_, code)) = closes.find(|(at, _)| at.is_some_and(|at| at <= now)) {
            return Some(Due::Close(code));
        }
        if self.ping_at > now {
            return None;
        }
        self.ping_at = now + config.ping_interval;
        self.pong_by.get_or_insert(now + config.pong_timeout);
        Some(Due::Ping)
    }

    pub(crate) const fn heard(&mut self) {
        self.pong_by = None;
    }

    pub(crate) fn written(&mut self, config: &Config, now: Instant) {
        self.written_by = None;
        self.pong_by = self.pong_by.map(|_| now + config.pong_timeout);
    }

    pub(crate) fn blocked(&mut self, config: &Config, now: Instant) {
        self.written_by.get_or_insert(now + config.stall_timeout);
    }

    /// `false` if the tab is already being drained.
    pub(crate) fn drain(&mut self, now: Instant, after: Duration) -> bool {
        let first = self.drained_at.is_none();
        self.drained_at.get_or_insert(now + after);
        first
    }
}
