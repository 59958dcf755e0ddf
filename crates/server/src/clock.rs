use std::time::{Instant, SystemTime, UNIX_EPOCH};

use antiphon_api::ids::UnixMs;

/// One moment on both clocks: spans are measured by the steady one, appointments kept by that on
/// the wall, which may be set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) steady: Instant,
    pub(crate) wall: UnixMs,
}

pub(crate) fn moment() -> Moment {
    Moment {
        steady: tokio::time::Instant::now().into_std(),
        wall: now(),
    }
}

/// The wall clock; what is stored and sent carries it.
#[expect(clippy::disallowed_methods, reason = "the one place that reads it")]
pub(crate) fn now() -> UnixMs {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    UnixMs(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
