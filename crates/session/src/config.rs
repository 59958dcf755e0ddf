//! The core's numbers. Whoever reads the configuration file checks them; here they are given.

use std::time::Duration;

/// Every bound and interval of the core, the same for all sessions of a gateway.
///
/// All durations must be above zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Events a session's ring keeps at most. At the bound the oldest goes; the newest is always kept.
    pub ring_events: usize,
    /// Bytes of event text a session's ring keeps at most. At the bound the oldest goes; the newest
    /// is always kept, however large.
    pub ring_bytes: usize,
    /// Bytes of event text all rings of one shard keep together. Over it, the ring that is being
    /// pushed to gives up its oldest; the newest event of each session is outside the budget.
    pub shard_ring_bytes: usize,
    /// How long a session outlives its last tab.
    pub linger: Duration,
    /// From one ping to the next.
    pub ping_interval: Duration,
    /// How long after a ping, or after the last write since, the client may stay silent.
    pub pong_timeout: Duration,
    /// How long output may wait without any of it being written.
    pub stall_timeout: Duration,
    /// Calls of one tab that may be unanswered at a time; the next is refused.
    pub calls_in_flight: usize,
    /// Bytes of a tab's unsent answers. An answer that would go over closes the tab, unless it is
    /// the only one waiting: a single large answer is sent.
    pub answer_bytes: usize,
    /// Ephemeral frames waiting for one tab. Over it the one that has waited longest is dropped.
    pub ephemeral_keys: usize,
    /// Client frames a tab may send, per second, in the long run. Over it the tab is closed.
    pub frame_rate_per_s: f64,
    /// Client frames a tab may send at once, above the rate.
    pub frame_burst: u32,
    /// Frames not understood that a tab may send within a minute; one more closes it. Also how many
    /// `error` frames wait for a tab at most: over it the error is not reported.
    pub bad_frames_per_minute: usize,
    /// What `hello` names as the server.
    pub server: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            ring_events: 500,
            ring_bytes: 1 << 20,
            shard_ring_bytes: 64 << 20,
            linger: Duration::from_secs(120),
            ping_interval: Duration::from_secs(25),
            pong_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(30),
            calls_in_flight: 16,
            answer_bytes: 1 << 20,
            ephemeral_keys: 256,
            frame_rate_per_s: 10.0,
            frame_burst: 200,
            bad_frames_per_minute: 10,
            server: format!("antiphon/{}", antiphon_api::VERSION),
        }
    }
}
