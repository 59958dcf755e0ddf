//! From leases to states.
//!
//! - Visible tab: online. Tabs, all hidden: away. No tab: offline, but only once
//!   [`GRACE`] has passed since the last one went, so that a reload or a lost link
//!   is not an absence.
//! - A lease belongs to a gateway process (`boot`). When its link is lost, its leases end after
//!   the same grace, unless the process comes back and says which tabs it still has.
//! - A server that has just started knows no leases. It calls nobody offline who has been seen
//!   since; of others it knows nothing and says offline.
//!
//! When in doubt the old state is kept: an early "offline" is worse than a late one.

use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, Instant},
};

use antiphon_api::{
    entities::PresenceState,
    ids::{Principal, UserId},
};
use antiphon_wire::{LEASE_GRACE_MS, LeaseChange, LeaseState};

/// How long after its last tab a user is called offline.
pub(crate) const GRACE: Duration = Duration::from_millis(LEASE_GRACE_MS);

/// The leases of everybody.
#[derive(Default)]
pub(crate) struct Board {
    gateways: HashMap<String, Gateway>,
    users: HashMap<UserId, Seat>,
    /// When something may change by itself.
    deadlines: BTreeSet<(Instant, Deadline)>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Deadline {
    Gateway(String),
    User(UserId),
}

#[derive(Default)]
struct Gateway {
    /// Its newest link. What an older one still says, or that it ends, no longer counts.
    link: u64,
    tabs: HashMap<u64, (UserId, bool)>,
    /// When its leases end, while its link is down.
    lost_until: Option<Instant>,
}

/// What is known of one user.
struct Seat {
    visible: usize,
    hidden: usize,
    state: PresenceState,
    /// When the user is called offline, while there is no tab.
    leaving: Option<Instant>,
}

impl Board {
    /// What a gateway says of its tabs. Returns the users whose state changed.
    pub(crate) fn handle_leases(
        &mut self,
        boot: &str,
        link: u64,
        full: bool,
        changes: &[LeaseChange],
        now: Instant,
    ) -> Vec<(UserId, PresenceState)> {
        let mut touched = BTreeSet::new();
        let gateway = self.gateways.entry(boot.to_owned()).or_default();
        if link < gateway.link {
            return Vec::new();
        }
        gateway.link = link;
        if let Some(until) = gateway.lost_until.take() {
            self.deadlines
                .remove(&(until, Deadline::Gateway(boot.to_owned())));
        }
        if full {
            let kept: BTreeSet<u64> = changes.iter().map(|change| change.tab).collect();
            let gone: Vec<u64> = gateway
                .tabs
                .keys()
                .filter(|tab| !kept.contains(tab))
                .copied()
                .collect();
            for tab in gone {
                touched.extend(self.set(boot, tab, None));
            }
        }
        for change in changes {
            let Principal::User(user) = change.principal;
            let lease = match change.state {
                LeaseState::Visible => Some((user, true)),
                LeaseState::Hidden => Some((user, false)),
                LeaseState::Closed => None,
            };
            touched.extend(self.set(boot, change.tab, lease));
        }
        touched
            .into_iter()
            .filter_map(|user| self.settle(user, now, GRACE))
            .collect()
    }

    /// The link of a gateway ended; its leases go on for a while.
    pub(crate) fn handle_link_lost(&mut self, boot: &str, link: u64, now: Instant) {
        if let Some(gateway) = self.gateways.get_mut(boot)
            && gateway.link == link
        {
            let until = now + GRACE;
            if let Some(earlier) = gateway.lost_until.replace(until) {
                self.deadlines
                    .remove(&(earlier, Deadline::Gateway(boot.to_owned())));
            }
            self.deadlines
                .insert((until, Deadline::Gateway(boot.to_owned())));
        }
    }

    /// Carries out what is due. Returns the users whose state changed.
    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Vec<(UserId, PresenceState)> {
        let mut changed = Vec::new();
        while let Some((due, _)) = self.deadlines.first()
            && *due <= now
            && let Some((due, deadline)) = self.deadlines.pop_first()
        {
            match deadline {
                Deadline::Gateway(boot) => changed.extend(self.end_gateway(&boot, due)),
                Deadline::User(user) => changed.extend(self.leave(user)),
            }
        }
        changed
    }

    /// When [`handle_timeout`](Self::handle_timeout) is next needed.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.deadlines.first().map(|(due, _)| *due)
    }

    pub(crate) fn state(&self, user: UserId) -> PresenceState {
        self.users
            .get(&user)
            .map_or(PresenceState::Offline, |seat| seat.state)
    }

    /// A lost gateway's grace was a grace for its users too: who has no other tab leaves at once.
    fn end_gateway(&mut self, boot: &str, due: Instant) -> Vec<(UserId, PresenceState)> {
        let tabs: Vec<u64> = match self.gateways.get(boot) {
            Some(gateway) => gateway.tabs.keys().copied().collect(),
            None => Vec::new(),
        };
        let users: BTreeSet<UserId> = tabs
            .into_iter()
            .flat_map(|tab| self.set(boot, tab, None))
            .collect();
        self.gateways.remove(boot);
        users
            .into_iter()
            .filter_map(|user| self.settle(user, due, Duration::ZERO))
            .collect()
    }

    fn leave(&mut self, user: UserId) -> Option<(UserId, PresenceState)> {
        let seat = self.users.remove(&user)?;
        (seat.state != PresenceState::Offline).then_some((user, PresenceState::Offline))
    }

    /// Sets or ends one lease. Returns the users whose count of tabs moved.
    fn set(
        &mut self,
        boot: &str,
        tab: u64,
        lease: Option<(UserId, bool)>,
    ) -> impl Iterator<Item = UserId> + use<> {
        let tabs = self.gateways.get_mut(boot).map(|gateway| &mut gateway.tabs);
        let earlier = tabs.and_then(|tabs| match lease {
            Some(lease) => tabs.insert(tab, lease),
            None => tabs.remove(&tab),
        });
        if let Some((user, visible)) = earlier
            && let Some(seat) = self.users.get_mut(&user)
        {
            *seat.count(visible) -= 1;
        }
        if let Some((user, visible)) = lease {
            *self
                .users
                .entry(user)
                .or_insert_with(Seat::empty)
                .count(visible) += 1;
        }
        lease.into_iter().chain(earlier).map(|(user, _)| user)
    }

    /// Brings a user's state in line with the leases. Without any, the user leaves after `grace`.
    fn settle(
        &mut self,
        user: UserId,
        now: Instant,
        grace: Duration,
    ) -> Option<(UserId, PresenceState)> {
        let seat = self.users.get_mut(&user)?;
        if seat.visible + seat.hidden == 0 {
            if seat.leaving.is_none() {
                seat.leaving = Some(now + grace);
                self.deadlines.insert((now + grace, Deadline::User(user)));
            }
            return None;
        }
        if let Some(due) = seat.leaving.take() {
            self.deadlines.remove(&(due, Deadline::User(user)));
        }
        let state = if seat.visible > 0 {
            PresenceState::Online
        } else {
            PresenceState::Away
        };
        let changed = seat.state != state;
        seat.state = state;
        changed.then_some((user, state))
    }
}

impl Seat {
    fn empty() -> Self {
        Self {
            visible: 0,
            hidden: 0,
            state: PresenceState::Offline,
            leaving: None,
        }
    }

    fn count(&mut self, visible: bool) -> &mut usize {
        if visible {
            &mut self.visible
        } else {
            &mut self.hidden
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
