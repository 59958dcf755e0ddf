//! How long to wait before connecting again: exponential, with full jitter.
//!
//! The wait is drawn from all of `0..=bound`, so that the tabs of a gateway that died come back
//! spread out. The bound doubles from [`FIRST`] to [`LONGEST`] and begins anew once a connection
//! was live for [`STABLE`].

use std::time::Duration;

/// The bound of the first wait.
pub const FIRST: Duration = Duration::from_secs(1);
/// The bound of every wait.
pub const LONGEST: Duration = Duration::from_secs(30);
/// A connection that was live for so long ends the series.
pub const STABLE: Duration = Duration::from_secs(60);

/// A series of failed attempts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The next wait; `random` is uniform over all of `u32`.
    pub(super) fn next(&mut self, random: u32) -> Duration {
        let bound = FIRST
            .saturating_mul(1 << self.failures.min(16))
            .min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        bound.mul_f64(f64::from(random) / f64::from(u32::MAX))
    }

    /// A connection ended that had been live for `live`.
    pub(super) fn ended_after(&mut self, live: Duration) {
        if live >= STABLE {
            self.failures = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Backoff, LONGEST, STABLE};

    #[test]
    fn the_bound_doubles_from_one_second_to_thirty() {
        let mut backoff = Backoff::default();
        let bounds: Vec<u64> = (0..7).map(|_| backoff.next(u32::MAX).as_secs()).collect();
        assert_eq!(bounds, [1, 2, 4, 8, 16, 30, 30]);
    }

    #[test]
    fn the_wait_is_drawn_from_all_below_the_bound() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.next(0), Duration::ZERO);
        let half = backoff.next(u32::MAX / 2);
        assert_eq!(half.as_millis().div_ceil(10), 100);
    }

    #[test]
    fn only_a_stable_connection_ends_the_series() {
        let mut backoff = Backoff { failures: 9 };
        backoff.ended_after(STABLE.saturating_sub(Duration::from_millis(1)));
        assert_eq!(backoff.next(u32::MAX), LONGEST);
        backoff.ended_after(STABLE);
        assert_eq!(backoff.next(u32::MAX), Duration::from_secs(1));
    }
}
