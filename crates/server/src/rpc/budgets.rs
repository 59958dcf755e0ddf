//! What each user may still call, before a call waits for a reader or the writer.
//!
//! A budget is a user's and of one class, whatever the tabs and the ways in; a batch's calls count
//! one by one. The operator has none. A refused call costs nothing, and whoever waits as long as
//! the refusal says is served, unless others of the same user came first.

use antiphon_api::{Class, RpcError, ids::UserId};
use governor::{
    Quota, RateLimiter,
    clock::{Clock, MonotonicClock},
    middleware::NoOpMiddleware,
    state::keyed::HashMapStateStore,
};
use parking_lot::RwLock;

use crate::limits::{Limits, Rate};

/// The most budgets of one class that are remembered; those that are whole again are forgotten
/// first, and if that does not help, all: then everybody begins with a whole one.
const MAX_USERS: usize = 100_000;

/// Everybody's budgets.
pub(crate) struct Budgets<C: Clock = MonotonicClock> {
    classes: [Users<C>; Class::ALL.len()],
}

/// Everybody's budgets of one class.
struct Users<C: Clock> {
    quota: Quota,
    clock: C,
    spent: RwLock<Spent<C>>,
}

type Spent<C> =
    RateLimiter<UserId, HashMapStateStore<UserId>, C, NoOpMiddleware<<C as Clock>::Instant>>;

impl Budgets {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self::with_clock(limits, &MonotonicClock)
    }
}

impl<C: Clock + Clone> Budgets<C> {
    fn with_clock(limits: &Limits, clock: &C) -> Self {
        Self {
            classes: Class::ALL.map(|class| Users::new(limits.of(class), clock.clone())),
        }
    }

    /// Takes one call from the user's budget, or says when there will be one.
    pub(crate) fn spend(&self, user: UserId, class: Class) -> Result<(), RpcError> {
        self.classes[class as usize].spend(user).map_err(|wait_ms| {
            let class = class.as_str();
            let message = format!("too many {class} calls; the next one may come in {wait_ms} ms");
            RpcError::rate_limited(message, wait_ms)
        })
    }

    /// Forgets the budgets that are whole again.
    pub(crate) fn forget_whole(&self) {
        for users in &self.classes {
            users.spent.read().retain_recent();
        }
    }
}

impl<C: Clock + Clone> Users<C> {
    fn new(rate: Rate, clock: C) -> Self {
        let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
        Self {
            spent: RwLock::new(RateLimiter::hashmap_with_clock(quota, clock.clone())),
            quota,
            clock,
        }
    }

    /// The wait until a call would pass, in whole milliseconds, when there is nothing left.
    fn spend(&self, user: UserId) -> Result<(), u64> {
        let spent = self.spent.read();
        let outcome = spent.check_key(&user).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
        });
        let crowded = spent.len() > MAX_USERS;
        drop(spent);
        if crowded {
            self.make_room();
        }
        outcome
    }

    fn make_room(&self) {
        let mut spent = self.spent.write();
        spent.retain_recent();
        if spent.len() > MAX_USERS {
            *spent = RateLimiter::hashmap_with_clock(self.quota, self.clock.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroU32, time::Duration};

    use antiphon_api::{Class, ErrorCode, ids::UserId};
    use governor::clock::FakeRelativeClock;

    use super::{Budgets, MAX_USERS};
    use crate::limits::{Limits, Rate};

    const ADA: UserId = UserId(1);
    const BEN: UserId = UserId(2);

    fn budgets(per_second: u32, burst: u32) -> (Budgets<FakeRelativeClock>, FakeRelativeClock) {
        let number = |number| NonZeroU32::new(number).expect("is above zero");
        let mut limits = Limits::default();
        limits.set(Class::Write, Rate::new(number(per_second), number(burst)));
        let clock = FakeRelativeClock::default();
        (Budgets::with_clock(&limits, &clock), clock)
    }

    fn wait(budgets: &Budgets<FakeRelativeClock>, user: UserId) -> Option<u64> {
        let refused = budgets.spend(user, Class::Write).err()?;
        assert_eq!(refused.kind(), Some(ErrorCode::RateLimited));
        refused.data["retry_after_ms"].as_u64()
    }

    #[test]
    fn whoever_waits_as_long_as_is_said_is_served_and_not_a_millisecond_earlier() {
        for (per_second, burst) in [(1, 1), (3, 2), (7, 5), (20, 100), (999, 1), (1_000_000, 2)] {
            let (budgets, clock) = budgets(per_second, burst);
            for _ in 0..burst {
                assert_eq!(wait(&budgets, ADA), None, "{per_second}:{burst}");
            }
            for _ in 0..50 {
                let ms = wait(&budgets, ADA).expect("has nothing left");
                assert!(ms >= 1, "{per_second}:{burst}");
                clock.advance(Duration::from_millis(ms - 1));
                assert!(wait(&budgets, ADA).is_some_and(|left| left == 1));
                clock.advance(Duration::from_millis(1));
                assert_eq!(wait(&budgets, ADA), None, "{per_second}:{burst}");
                while wait(&budgets, ADA).is_none() {}
            }
        }
    }

    #[test]
    fn each_user_and_each_class_has_a_budget_of_its_own() {
        let (budgets, clock) = budgets(1, 2);
        assert_eq!((wait(&budgets, ADA), wait(&budgets, ADA)), (None, None));
        assert_eq!(wait(&budgets, ADA), Some(1_000));
        assert_eq!(wait(&budgets, BEN), None);
        assert!(budgets.spend(ADA, Class::Read).is_ok());
        clock.advance(Duration::from_secs(3600));
        assert_eq!((wait(&budgets, ADA), wait(&budgets, ADA)), (None, None));
        assert!(wait(&budgets, ADA).is_some(), "no more than the burst");
    }

    #[test]
    fn budgets_that_are_whole_again_are_forgotten() {
        let (budgets, clock) = budgets(1, 1);
        let held = |budgets: &Budgets<_>| budgets.classes[Class::Write as usize].spent.read().len();
        assert_eq!(wait(&budgets, ADA), None);
        clock.advance(Duration::from_secs(3));
        assert_eq!(wait(&budgets, BEN), None);
        budgets.forget_whole();
        assert_eq!(held(&budgets), 1, "one is not whole");
        assert!(wait(&budgets, BEN).is_some());
        clock.advance(Duration::from_secs(3));
        budgets.forget_whole();
        assert_eq!(held(&budgets), 0);
    }

    #[test]
    fn memory_is_bounded_and_at_the_bound_nobody_is_shut_out() {
        let (budgets, clock) = budgets(1, 1);
        let most = i64::try_from(MAX_USERS).expect("fits");
        let held = |budgets: &Budgets<_>| budgets.classes[Class::Write as usize].spent.read().len();
        for user in 1..=most {
            assert_eq!(wait(&budgets, UserId(user)), None);
        }
        assert!(wait(&budgets, UserId(most)).is_some());
        assert_eq!(wait(&budgets, UserId(most + 1)), None);
        assert_eq!(held(&budgets), 0, "everybody begins anew");
        assert_eq!(wait(&budgets, UserId(most)), None);
        for user in 1..most {
            assert_eq!(wait(&budgets, UserId(user)), None);
        }
        clock.advance(Duration::from_secs(5));
        assert_eq!(wait(&budgets, UserId(most + 1)), None);
        assert_eq!(wait(&budgets, UserId(most + 1)), Some(1_000));
        assert_eq!(held(&budgets), 1, "those that are whole made room");
    }
}
