use std::time::{SystemTime, UNIX_EPOCH};

use antiphon_api::ids::UnixMs;

/// The wall clock; what is stored and sent carries it, nothing is decided by it alone.
#[expect(clippy::disallowed_methods, reason = "the one place that reads it")]
pub(crate) fn now() -> UnixMs {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    UnixMs(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
