use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use antiphon_api::{
    ids::{HuddleLease, UserId},
    methods::huddle::LEASE_TTL_MS,
};

use crate::deadlines::Deadlines;

/// How long a lease lasts unless it is renewed.
pub(crate) const TTL: Duration = Duration::from_millis(LEASE_TTL_MS);

/// The newest lease of each user, until it runs out. One that was given back runs out too, and
/// whoever then looks finds nobody in that seat.
#[derive(Default)]
pub(crate) struct Leases {
    newest: HashMap<UserId, HuddleLease>,
    ends: Deadlines<Instant, UserId>,
}

impl Leases {
    /// A lease was given or renewed. One that is older than the newest changes nothing.
    pub(crate) fn handle_taken(&mut self, user: UserId, lease: HuddleLease, now: Instant) {
        if self.newest.get(&user).is_some_and(|newest| *newest > lease) {
            return;
        }
        self.newest.insert(user, lease);
        self.ends.set(user, now + TTL);
    }

    /// Whose lease has run out.
    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Vec<(UserId, HuddleLease)> {
        let mut ended = Vec::new();
        while let Some((_, user)) = self.ends.take_due(now) {
            ended.extend(self.newest.remove(&user).map(|lease| (user, lease)));
        }
        ended
    }

    /// When [`handle_timeout`](Self::handle_timeout) is next needed.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.ends.next()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use antiphon_api::ids::{HuddleLease, UserId};

    use super::{Leases, TTL};

    const ADA: UserId = UserId(1);
    const BEN: UserId = UserId(2);
    const FIRST: HuddleLease = HuddleLease(1);
    const SECOND: HuddleLease = HuddleLease(2);
    const MS: Duration = Duration::from_millis(1);

    #[expect(
        clippy::disallowed_methods,
        reason = "any instant will do as the origin of virtual time"
    )]
    fn start() -> Instant {
        Instant::now()
    }

    #[test]
    fn a_lease_runs_out_exactly_a_minute_after_its_last_renewal() {
        let (mut leases, now) = (Leases::default(), start());
        leases.handle_taken(ADA, FIRST, now);
        assert_eq!(leases.poll_timeout(), Some(now + TTL));
        assert_eq!(leases.handle_timeout(now + (TTL - MS)), []);
        leases.handle_taken(ADA, FIRST, now + (TTL - MS));
        assert_eq!(leases.handle_timeout(now + TTL), []);
        assert_eq!(leases.handle_timeout(now + (2 * TTL - 2 * MS)), []);
        assert_eq!(leases.handle_timeout(now + (2 * TTL - MS)), [(ADA, FIRST)]);
        assert_eq!(leases.poll_timeout(), None);
    }

    #[test]
    fn a_lease_that_is_renewed_lasts_for_hours_and_a_ghost_beside_it_a_minute() {
        let (mut leases, now) = (Leases::default(), start());
        leases.handle_taken(ADA, FIRST, now);
        leases.handle_taken(BEN, SECOND, now);
        let mut ended = Vec::new();
        for renewal in 1..=1_000 {
            let now = now + renewal * (TTL / 3);
            leases.handle_taken(ADA, FIRST, now);
            ended.extend(leases.handle_timeout(now));
        }
        assert_eq!(ended, [(BEN, SECOND)]);
    }

    #[test]
    fn a_late_renewal_of_an_old_lease_neither_prolongs_nor_replaces_the_new_one() {
        let (mut leases, now) = (Leases::default(), start());
        leases.handle_taken(ADA, FIRST, now);
        leases.handle_taken(ADA, SECOND, now + MS);
        leases.handle_taken(ADA, FIRST, now + TTL / 2);
        assert_eq!(leases.handle_timeout(now + TTL), []);
        assert_eq!(leases.handle_timeout(now + TTL + MS), [(ADA, SECOND)]);
    }
}
