//! The positions about which a gateway may decide by itself, and when they passed.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use antiphon_api::ids::Pos;

use super::Lag;

/// How many positions are remembered; about any older one the server is asked.
const REMEMBERED: usize = 65_536;

/// How many moments are remembered: those of a minute and a half at least. An older position
/// counts as having passed at the oldest of them.
const MOMENTS: usize = 9_000;
/// Positions that pass within so long of each other have one moment.
const RESOLUTION: Duration = Duration::from_millis(10);

/// The positions that this gateway has seen pass, the newest ones.
pub(super) struct Passed {
    /// Rising.
    positions: VecDeque<Pos>,
    /// Rising; each holds for all positions up to the next one.
    moments: VecDeque<(Pos, Instant)>,
}

impl Passed {
    /// `position` came in the server's hello, so it is one of the log's.
    pub(super) fn starting_at(position: Pos) -> Self {
        Self {
            positions: VecDeque::from([position]),
            moments: VecDeque::new(),
        }
    }

    pub(super) fn push(&mut self, pos: Pos, now: Instant) {
        if self.positions.back().is_some_and(|newest| *newest >= pos) {
            return;
        }
        if self.positions.len() == REMEMBERED {
            self.positions.pop_front();
        }
        self.positions.push_back(pos);
        let newest = self.moments.back();
        if newest.is_none_or(|(_, at)| *at + RESOLUTION <= now) {
            if self.moments.len() == MOMENTS {
                self.moments.pop_front();
            }
            self.moments.push_back((pos, now));
        }
    }

    pub(super) fn contains(&self, pos: Pos) -> bool {
        self.positions.binary_search(&pos).is_ok()
    }

    /// How far behind is who is owed the event at `pos`, by what is remembered.
    pub(super) fn lag(&self, pos: Pos, now: Instant) -> Lag {
        let before = self.positions.partition_point(|passed| *passed < pos);
        let known = self.moments.partition_point(|(first, _)| *first <= pos);
        let at = self.moments.get(known.saturating_sub(1));
        Lag {
            positions: self.positions.len() - before,
            time: at.map_or(Duration::ZERO, |(_, at)| now.saturating_duration_since(*at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use antiphon_api::ids::Pos;

    use super::{Lag, MOMENTS, Passed, REMEMBERED};

    fn pos(step: usize) -> Pos {
        Pos(10 + 2 * i64::try_from(step).expect("is small"))
    }

    fn start() -> Instant {
        tokio::time::Instant::now().into_std()
    }

    #[test]
    fn only_positions_that_passed_are_known_and_old_ones_are_forgotten() {
        let (mut passed, now) = (Passed::starting_at(Pos(10)), start());
        for step in 1..=REMEMBERED {
            passed.push(pos(step), now);
        }
        assert!(passed.contains(Pos(12)));
        assert!(!passed.contains(Pos(13)));
        assert!(!passed.contains(Pos(10)));
        assert_eq!(passed.lag(Pos(1), now).positions, REMEMBERED);
    }

    #[test]
    fn who_is_owed_an_event_lags_since_it_passed() {
        let (mut passed, start) = (Passed::starting_at(Pos(10)), start());
        let ms = Duration::from_millis;
        for (step, at) in [(1, 0), (2, 4), (3, 100), (4, 5_000)] {
            passed.push(pos(step), start + ms(at));
        }
        let lag = |pos, positions, time| {
            let expected = Lag {
                positions,
                time: ms(time),
            };
            assert_eq!(passed.lag(pos, start + ms(6_000)), expected);
        };
        lag(pos(4), 1, 1_000);
        lag(pos(3), 2, 5_900);
        // Not a position that passed: what follows is what is owed.
        lag(Pos(15), 2, 6_000);
        // Within the resolution of the one before.
        lag(pos(2), 3, 6_000);
        lag(Pos(1), 5, 6_000);
    }

    #[test]
    fn moments_are_bounded_and_what_is_older_counts_from_the_oldest() {
        let (mut passed, start) = (Passed::starting_at(Pos(10)), start());
        let at = |step: usize| start + Duration::from_millis(10 * step as u64);
        for step in 1..=MOMENTS + 100 {
            passed.push(pos(step), at(step));
        }
        assert_eq!(passed.moments.len(), MOMENTS);
        let lag = passed.lag(pos(1), at(MOMENTS + 100));
        assert_eq!(lag.time, at(MOMENTS + 100) - at(101));
    }
}
