//! What a client may send: a token bucket over all its frames, and a window over the bad ones.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::config::Config;

const BAD_FRAME_WINDOW: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Limits {
    tokens: f64,
    refilled_at: Instant,
    /// When the bad frames of the last minute came; at most `bad_frames_per_minute`.
    bad: VecDeque<Instant>,
}

impl Limits {
    pub(crate) fn new(config: &Config, now: Instant) -> Self {
        Self {
            tokens: f64::from(config.frame_burst),
            refilled_at: now,
            bad: VecDeque::new(),
        }
    }

    /// Whether one more frame is within the rate.
    pub(crate) fn admit(&mut self, config: &Config, now: Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.refilled_at);
        let refilled = self.tokens + elapsed.as_secs_f64() * config.frame_rate_per_s;
        self.tokens = refilled.min(f64::from(config.frame_burst));
        self.refilled_at = now;
        let admitted = self.tokens >= 1.0;
        if admitted {
            self.tokens -= 1.0;
        }
        admitted
    }

    /// Whether one more bad frame is tolerated.
    pub(crate) fn admit_bad(&mut self, config: &Config, now: Instant) -> bool {
        while let Some(first) = self.bad.front()
            && now.saturating_duration_since(*first) >= BAD_FRAME_WINDOW
        {
            self.bad.pop_front();
        }
        let admitted = self.bad.len() < config.bad_frames_per_minute;
        if admitted {
            self.bad.push_back(now);
        }
        admitted
    }
}
