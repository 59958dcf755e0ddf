use std::time::{Duration, SystemTime, UNIX_EPOCH};

use antiphon_api::ids::UnixMs;
use antiphon_session::Now;

/// Both clocks: tokio's, which tests can pause, and the wall's.
#[expect(clippy::disallowed_methods, reason = "the one place that reads it")]
pub(crate) fn now() -> Now {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Now {
        at: tokio::time::Instant::now().into_std(),
        unix_ms: UnixMs(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
    }
}

/// For the log.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
