use std::time::{Instant, SystemTime, UNIX_EPOCH};

use antiphon_api::ids::{UnixMs, UnixUs};

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
pub(crate) fn now() -> UnixMs {
    UnixMs(micros() / 1_000)
}

/// What the wall clock said at `moment`, which was not long ago.
pub(crate) fn wall_at(moment: Instant) -> UnixUs {
    let now = tokio::time::Instant::now().into_std();
    let ago = now.saturating_duration_since(moment).as_micros();
    UnixUs(micros().saturating_sub_unsigned(u64::try_from(ago).unwrap_or(u64::MAX)))
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads it")]
fn micros() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
