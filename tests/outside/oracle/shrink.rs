//! Fewer steps that still fail: delta debugging (Zeller and Hildebrandt's ddmin), bounded.

use std::time::{Duration, Instant};

use antiphon_test_support::now;

/// What shrinking may cost.
pub(super) struct Budget {
    attempts: usize,
    until: Instant,
}

impl Budget {
    pub(super) fn new(attempts: usize, time: Duration) -> Self {
        Self {
            attempts,
            until: now() + time,
        }
    }

    fn spend(&mut self) -> bool {
        let has_left = self.attempts > 0 && now() < self.until;
        self.attempts = self.attempts.saturating_sub(1);
        has_left
    }
}

/// Takes steps out as long as what is left `fails`; what it returns does. Nothing more can be
/// taken out one by one, unless the budget was spent before.
pub(super) fn shrink<T: Clone>(
    mut steps: Vec<T>,
    mut budget: Budget,
    mut fails: impl FnMut(&[T]) -> bool,
) -> Vec<T> {
    let mut size = steps.len().div_ceil(2);
    loop {
        let mut start = 0;
        let before = steps.len();
        while start < steps.len() {
            let end = (start + size).min(steps.len());
            let rest = [&steps[..start], &steps[end..]].concat();
            if !budget.spend() {
                return steps;
            }
            if fails(&rest) {
                steps = rest;
            } else {
                start = end;
            }
        }
        match size {
            0 | 1 if steps.len() == before => return steps,
            0 | 1 => {}
            _ => size = size.div_ceil(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Budget, shrink};

    fn budget(attempts: usize) -> Budget {
        Budget::new(attempts, Duration::from_secs(60))
    }

    #[test]
    fn what_does_not_matter_is_taken_out() {
        let steps: Vec<u32> = (0..200).collect();
        let needed = [17, 18, 140, 199];
        let left = shrink(steps, budget(10_000), |steps| {
            needed.iter().all(|step| steps.contains(step))
        });
        assert_eq!(left, needed);
    }

    #[test]
    fn what_matters_only_in_its_order_and_number_is_kept_so() {
        let steps = vec!['a', 'b', 'x', 'a', 'y', 'a', 'b', 'z'];
        let left = shrink(steps, budget(10_000), |steps| {
            let first_b = steps.iter().position(|step| *step == 'b');
            first_b.is_some_and(|b| steps[b..].contains(&'a'))
        });
        assert_eq!(left, ['b', 'a']);
    }

    #[test]
    fn a_budget_that_is_spent_leaves_what_still_fails() {
        let mut asked = 0;
        let left = shrink((0..200).collect(), budget(5), |steps: &[u32]| {
            asked += 1;
            steps.contains(&150) && steps.contains(&160)
        });
        assert_eq!(asked, 5);
        assert!(left.contains(&150) && left.contains(&160) && left.len() < 200);
    }
}
