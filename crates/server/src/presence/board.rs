//! From leases and claims to states.
//!
//! - Visible tab: online. Tabs, all hidden: away. No tab: offline, but only once
//!   [`GRACE`] has passed since the last one went, so that a reload or a lost link
//!   is not an absence.
//! - A lease belongs to a gateway process (`boot`). When its link is lost, its leases end after
//!   the same grace, unless the process comes back and says which tabs it still has.
//! - A connection may also be marked by a gateway that has no link. Those end when the gateway has
//!   said nothing for [`MARK_TTL`].
//! - A claim (away, dnd, invisible) replaces what the tabs say, while there are any and until it
//!   ends. Who is invisible sees that; others see offline, and do not hear of what changes behind it.
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
    ids::{Principal, UnixMs, UserId},
    methods::presence::{Claim, MARK_TTL_MS},
};
use antiphon_wire::{LEASE_GRACE_MS, LeaseChange, LeaseState};

use super::claims::{Claimed, Claims};
use crate::{clock::Moment, deadlines::Deadlines};

/// How long after its last tab a user is called offline.
pub(crate) const GRACE: Duration = Duration::from_millis(LEASE_GRACE_MS);

/// How long marked connections outlast the last word of their gateway.
pub(crate) const MARK_TTL: Duration = Duration::from_millis(MARK_TTL_MS);

/// The most gateways known when a connection is marked by a further one, and the most connections
/// of each; one more is refused.
pub(crate) const MAX_GATEWAYS: usize = 1_024;
pub(crate) const MAX_MARKED: usize = 65_536;

/// What the names of gateways without a link are known by; no link calls itself so.
const MARKED: &str = "marked ";

/// The leases and claims of everybody.
#[derive(Default)]
pub(crate) struct Board {
    gateways: HashMap<String, Gateway>,
    users: HashMap<UserId, Seat>,
    claims: Claims,
    /// When a status text ends.
    statuses: Deadlines<UnixMs, UserId>,
    /// When leases may end by themselves.
    due: Deadlines<Instant, Due>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    /// While its link is down.
    Gateway(String),
    /// While there is no tab.
    User(UserId),
}

#[derive(Default)]
struct Gateway {
    /// Its newest link. What an older one still says, or that it ends, no longer counts.
    link: u64,
    tabs: HashMap<u64, (UserId, bool)>,
}

/// What is known of one user.
#[derive(Default)]
struct Seat {
    visible: usize,
    hidden: usize,
    /// Whether there were tabs, and of which kind; in the grace, those there were last.
    visibly: Option<bool>,
    /// What was last said of the user.
    told: Views,
}

/// A user's state as they see it, and as others do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Views {
    pub(crate) own: PresenceState,
    pub(crate) others: PresenceState,
}

impl Default for Views {
    fn default() -> Self {
        Self::both(PresenceState::Offline)
    }
}

impl Views {
    const fn both(state: PresenceState) -> Self {
        Self {
            own: state,
            others: state,
        }
    }

    /// The one rule: `visibly` is whether there are visible tabs, if there are any.
    const fn of(visibly: Option<bool>, claim: Claim) -> Self {
        match (visibly, claim) {
            (None, _) => Self::both(PresenceState::Offline),
            (Some(true), Claim::Online) => Self::both(PresenceState::Online),
            (Some(false), Claim::Online) | (_, Claim::Away) => Self::both(PresenceState::Away),
            (_, Claim::Dnd) => Self::both(PresenceState::Dnd),
            (_, Claim::Invisible) => Self {
                own: PresenceState::Invisible,
                others: PresenceState::Offline,
            },
        }
    }
}

/// The new state of a user, for each side that sees another one than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) user: UserId,
    pub(crate) own: Option<PresenceState>,
    pub(crate) others: Option<PresenceState>,
}

impl Board {
    /// What a gateway says of its tabs. Returns what changed.
    pub(crate) fn handle_leases(
        &mut self,
        boot: &str,
        link: u64,
        full: bool,
        changes: &[LeaseChange],
        now: Moment,
    ) -> Vec<Change> {
        let mut touched = BTreeSet::new();
        let gateway = self.gateways.entry(boot.to_owned()).or_default();
        if link < gateway.link {
            return Vec::new();
        }
        gateway.link = link;
        self.due.clear(&Due::Gateway(boot.to_owned()));
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
            .filter_map(|user| self.settle(user, now.steady + GRACE, now.wall))
            .collect()
    }

    /// What a gateway without a link says of one connection. Returns what changed, or `None` when
    /// there are too many already.
    pub(crate) fn handle_mark(
        &mut self,
        gateway: &str,
        change: LeaseChange,
        now: Moment,
    ) -> Option<Vec<Change>> {
        let boot = format!("{MARKED}{gateway}");
        let has_room = match self.gateways.get(&boot) {
            Some(gateway) => {
                gateway.tabs.len() < MAX_MARKED || gateway.tabs.contains_key(&change.tab)
            }
            None => self.gateways.len() < MAX_GATEWAYS,
        };
        has_room.then(|| {
            let changed = self.handle_leases(&boot, 0, false, &[change], now);
            self.due.set(Due::Gateway(boot), now.steady + MARK_TTL);
            changed
        })
    }

    /// The link of a gateway ended; its leases go on for a while.
    pub(crate) fn handle_link_lost(&mut self, boot: &str, link: u64, now: Instant) {
        if let Some(gateway) = self.gateways.get(boot)
            && gateway.link == link
        {
            self.due.set(Due::Gateway(boot.to_owned()), now + GRACE);
        }
    }

    /// What a user says of themselves. Returns what changed.
    pub(crate) fn handle_claim(&mut self, claimed: Claimed, now: UnixMs) -> Option<Change> {
        self.claims.set(claimed);
        self.refresh(claimed.user, now)
    }

    /// When a user's status text ends, if it does.
    pub(crate) fn handle_status(&mut self, user: UserId, end: Option<UnixMs>) {
        match end {
            Some(end) => self.statuses.set(user, end),
            None => self.statuses.clear(&user),
        }
    }

    /// Carries out what is due. Returns what changed.
    pub(crate) fn handle_timeout(&mut self, now: Moment) -> Vec<Change> {
        let mut changed = Vec::new();
        while let Some((since, due)) = self.due.take_due(now.steady) {
            match due {
                Due::Gateway(boot) => changed.extend(self.end_gateway(&boot, since, now.wall)),
                Due::User(user) => changed.extend(self.leave(user)),
            }
        }
        while let Some(user) = self.claims.take_ended(now.wall) {
            changed.extend(self.refresh(user, now.wall));
        }
        changed
    }

    /// A user whose status text has ended.
    pub(crate) fn take_ended_status(&mut self, now: UnixMs) -> Option<UserId> {
        self.statuses.take_due(now).map(|(_, user)| user)
    }

    /// When [`handle_timeout`](Self::handle_timeout) is next needed for a lease.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.due.next()
    }

    /// When the next claim or status text ends.
    pub(crate) fn poll_end(&self) -> Option<UnixMs> {
        let ends = [self.claims.next_end(), self.statuses.next()];
        ends.into_iter().flatten().min()
    }

    pub(crate) fn views(&self, user: UserId, now: UnixMs) -> Views {
        self.views_if(user, self.claims.of(user, now))
    }

    /// What they would be under another claim.
    pub(crate) fn views_if(&self, user: UserId, claim: Claim) -> Views {
        let seat = self.users.get(&user);
        Views::of(seat.and_then(|seat| seat.visibly), claim)
    }

    /// A silent gateway's grace was a grace for its users too: who has no other tab leaves at once.
    fn end_gateway(&mut self, boot: &str, due: Instant, now: UnixMs) -> Vec<Change> {
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
            .filter_map(|user| self.settle(user, due, now))
            .collect()
    }

    fn leave(&mut self, user: UserId) -> Option<Change> {
        let seat = self.users.remove(&user)?;
        change(user, seat.told, Views::default())
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
            *self.users.entry(user).or_default().count(visible) += 1;
        }
        lease.into_iter().chain(earlier).map(|(user, _)| user)
    }

    /// Brings a user in line with the leases. Without any, the user leaves at `end`.
    fn settle(&mut self, user: UserId, end: Instant, now: UnixMs) -> Option<Change> {
        let seat = self.users.get_mut(&user)?;
        let due = Due::User(user);
        if seat.visible + seat.hidden == 0 {
            if !self.due.has(&due) {
                self.due.set(due, end);
            }
            return None;
        }
        self.due.clear(&due);
        seat.visibly = Some(seat.visible > 0);
        self.refresh(user, now)
    }

    fn refresh(&mut self, user: UserId, now: UnixMs) -> Option<Change> {
        let views = self.views(user, now);
        let told = &mut self.users.get_mut(&user)?.told;
        change(user, std::mem::replace(told, views), views)
    }
}

fn change(user: UserId, before: Views, after: Views) -> Option<Change> {
    (before != after).then(|| Change {
        user,
        own: (before.own != after.own).then_some(after.own),
        others: (before.others != after.others).then_some(after.others),
    })
}

impl Seat {
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
