use std::time::{Duration, SystemTime, UNIX_EPOCH};

use antiphon_api::ids::{UnixMs, UnixUs};
use antiphon_session::Now;

/// Both clocks: tokio's, which tests can pause, and the wall's.
pub(crate) fn now() -> Now {
    moment().0
}

/// As [`now`], and the wall's time as commits are told with.
#[expect(clippy::disallowed_methods, reason = "the one place that reads it")]
pub(crate) fn moment() -> (Now, UnixUs) {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
    let now = Now {
        at: tokio::time::Instant::now().into_std(),
        unix_ms: UnixMs(micros / 1_000),
    };
    (now, UnixUs(micros))
}

/// For the log.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
