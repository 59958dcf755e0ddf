//! Since when each user is in their state, and how new that is: once as they see it themselves, and
//! once as others do, who must not learn from a newer number what they are not to know.

use std::collections::HashMap;

use antiphon_api::ids::{Revision, UnixMs, UserId};

use super::board::Change;

/// The most users remembered without need. Over it those who are offline are forgotten, the longest
/// unchanged first; of them it is then said that nothing has changed since the last of those.
const MAX_MARKS: usize = 100_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) since: UnixMs,
    pub(super) revision: Revision,
}

#[derive(Clone, Copy)]
struct Pair {
    own: Mark,
    others: Mark,
}

pub(super) struct Marks {
    of: HashMap<UserId, Pair>,
    /// Of everybody else.
    floor: Mark,
    newest: Revision,
    /// How many may be held before some are forgotten.
    bound: usize,
}

impl Marks {
    pub(super) fn new(now: UnixMs) -> Self {
        let floor = Mark {
            since: now,
            revision: Revision(now.get()),
        };
        Self {
            of: HashMap::new(),
            floor,
            newest: floor.revision,
            bound: MAX_MARKS,
        }
    }

    pub(super) const fn newest(&self) -> Revision {
        self.newest
    }

    pub(super) fn own(&self, user: UserId) -> Mark {
        self.of.get(&user).map_or(self.floor, |pair| pair.own)
    }

    pub(super) fn others(&self, user: UserId) -> Mark {
        self.of.get(&user).map_or(self.floor, |pair| pair.others)
    }

    /// A user's state has changed.
    pub(super) fn state(&mut self, change: &Change, now: UnixMs) {
        let mark = Mark {
            since: now,
            revision: self.next(now),
        };
        let pair = self.pair(change.user);
        if change.own.is_some() {
            pair.own = mark;
        }
        if change.others.is_some() {
            pair.others = mark;
        }
    }

    /// A user's status text has changed, which everybody sees.
    pub(super) fn text(&mut self, user: UserId, now: UnixMs) {
        let revision = self.next(now);
        let pair = self.pair(user);
        pair.own.revision = revision;
        pair.others.revision = revision;
    }

    /// Keeps to the bound; `is_offline` says whom it may forget.
    pub(super) fn prune(&mut self, is_offline: impl Fn(UserId) -> bool) {
        if self.of.len() <= self.bound {
            return;
        }
        let mut idle: Vec<(Revision, UserId)> = self
            .of
            .iter()
            .filter(|(user, _)| is_offline(**user))
            .map(|(user, pair)| (pair.own.revision.max(pair.others.revision), *user))
            .collect();
        idle.sort_unstable();
        idle.truncate(idle.len().div_ceil(2));
        for (revision, user) in idle {
            if let Some(pair) = self.of.remove(&user) {
                self.floor.revision = revision;
                self.floor.since = self.floor.since.max(pair.own.since).max(pair.others.since);
            }
        }
        // So that a crowd that is there is not counted again and again.
        self.bound = MAX_MARKS.max(2 * self.of.len());
    }

    fn pair(&mut self, user: UserId) -> &mut Pair {
        let floor = self.floor;
        self.of.entry(user).or_insert(Pair {
            own: floor,
            others: floor,
        })
    }

    /// Rises across restarts too, as long as the clock does.
    fn next(&mut self, now: UnixMs) -> Revision {
        self.newest = Revision(now.get().max(self.newest.get() + 1));
        self.newest
    }
}

#[cfg(test)]
mod tests {
    use antiphon_api::{
        entities::PresenceState,
        ids::{UnixMs, UserId},
    };

    use super::{Change, MAX_MARKS, Marks};

    fn change(user: i64) -> Change {
        Change {
            user: UserId(user),
            own: Some(PresenceState::Offline),
            others: Some(PresenceState::Offline),
        }
    }

    fn crowd(users: i64) -> Marks {
        let mut marks = Marks::new(UnixMs(1));
        for user in 1..=users {
            marks.state(&change(user), UnixMs(user));
        }
        marks
    }

    #[test]
    fn marks_of_those_who_are_gone_are_forgotten_over_the_bound_and_never_become_older() {
        let users = i64::try_from(MAX_MARKS).expect("fits") + 1;
        let mut marks = crowd(users);
        let before: Vec<_> = (1..=users).map(|user| marks.others(UserId(user))).collect();
        marks.prune(|user| user != UserId(1));
        assert!(marks.of.len() <= MAX_MARKS / 2 + 1, "{}", marks.of.len());
        assert_eq!(marks.others(UserId(1)), before[0], "who is there is kept");
        for (user, before) in (1..=users).zip(before) {
            let now = marks.others(UserId(user));
            assert!(now.revision >= before.revision && now.revision <= marks.newest());
        }
    }

    #[test]
    fn a_crowd_that_is_there_is_not_forgotten() {
        let users = i64::try_from(MAX_MARKS).expect("fits") + 1;
        let mut marks = crowd(users);
        marks.prune(|_| false);
        assert_eq!(marks.of.len(), MAX_MARKS + 1);
        assert_eq!(marks.bound, 2 * (MAX_MARKS + 1));
    }
}
