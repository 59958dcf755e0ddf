//! The positions about which a gateway may decide by itself.

use std::collections::VecDeque;

use antiphon_api::ids::Pos;

/// How many positions are remembered; about any older one the server is asked.
const REMEMBERED: usize = 65_536;

/// The positions that this gateway has seen pass, the newest ones.
pub(super) struct Passed {
    /// Rising.
    positions: VecDeque<Pos>,
}

impl Passed {
    /// `position` came in the server's hello, so it is one of the log's.
    pub(super) fn starting_at(position: Pos) -> Self {
        Self {
            positions: VecDeque::from([position]),
        }
    }

    pub(super) fn push(&mut self, pos: Pos) {
        if self.positions.back().is_some_and(|newest| *newest >= pos) {
            return;
        }
        if self.positions.len() == REMEMBERED {
            self.positions.pop_front();
        }
        self.positions.push_back(pos);
    }

    pub(super) fn contains(&self, pos: Pos) -> bool {
        self.positions.binary_search(&pos).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use antiphon_api::ids::Pos;

    use super::{Passed, REMEMBERED};

    #[test]
    fn only_positions_that_passed_are_known_and_old_ones_are_forgotten() {
        let mut passed = Passed::starting_at(Pos(10));
        for step in 1..=REMEMBERED {
            passed.push(Pos(10 + 2 * i64::try_from(step).expect("is small")));
        }
        assert!(passed.contains(Pos(12)));
        assert!(!passed.contains(Pos(13)));
        assert!(!passed.contains(Pos(10)));
    }
}
