//! Which tabs are there, as the server is told.

use std::collections::{HashMap, HashSet};

use antiphon_api::ids::Principal;
use antiphon_session::TabKey;
use antiphon_wire::{FromGateway, LeaseChange, LeaseState};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// The leases of all tabs, and what of them the server has not been told. A tab that came and went
/// untold leaves nothing, so this is bounded by the tabs there are and those last told.
#[derive(Default)]
pub(crate) struct Leases {
    book: Mutex<Book>,
    pub(crate) changed: Notify,
}

type Changes = HashMap<u64, (Principal, LeaseState)>;

#[derive(Default)]
struct Book {
    open: Changes,
    untold: Changes,
    /// The tabs that are open as far as the server knows.
    told: HashSet<u64>,
}

impl Leases {
    pub(crate) fn set(&self, key: TabKey, state: LeaseState) {
        let (tab, lease) = (key.tab.0, (key.principal, state));
        let mut book = self.book.lock();
        if state == LeaseState::Closed {
            book.open.remove(&tab);
        } else {
            book.open.insert(tab, lease);
        }
        if state == LeaseState::Closed && !book.told.contains(&tab) {
            book.untold.remove(&tab);
        } else {
            book.untold.insert(tab, lease);
        }
        drop(book);
        self.changed.notify_one();
    }

    /// The full set, for a server that has just said hello.
    pub(crate) fn full(&self) -> FromGateway {
        let mut book = self.book.lock();
        book.untold.clear();
        book.told = book.open.keys().copied().collect();
        FromGateway::Leases {
            full: true,
            changes: changes(&book.open),
        }
    }

    /// What has changed since the last call, if anything.
    pub(crate) fn take(&self) -> Option<FromGateway> {
        let mut book = self.book.lock();
        let untold = std::mem::take(&mut book.untold);
        for (tab, (_, state)) in &untold {
            if *state == LeaseState::Closed {
                book.told.remove(tab);
            } else {
                book.told.insert(*tab);
            }
        }
        drop(book);
        (!untold.is_empty()).then(|| FromGateway::Leases {
            full: false,
            changes: changes(&untold),
        })
    }
}

fn changes(leases: &Changes) -> Vec<LeaseChange> {
    leases
        .iter()
        .map(|(tab, (principal, state))| LeaseChange {
            principal: *principal,
            tab: *tab,
            state: *state,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use antiphon_api::ids::{Principal, UserId};
    use antiphon_session::{TabId, TabKey};
    use antiphon_wire::{FromGateway, LeaseState};

    use super::Leases;

    fn tab(number: u64) -> TabKey {
        TabKey {
            principal: Principal::User(UserId(1)),
            tab: TabId(number),
        }
    }

    fn told(message: Option<FromGateway>) -> Vec<(u64, LeaseState)> {
        match message {
            Some(FromGateway::Leases { changes, .. }) => changes
                .iter()
                .map(|change| (change.tab, change.state))
                .collect(),
            Some(FromGateway::Hello { .. }) | None => Vec::new(),
        }
    }

    #[test]
    fn a_tab_that_came_and_went_untold_leaves_nothing() {
        let leases = Leases::default();
        leases.set(tab(1), LeaseState::Visible);
        leases.set(tab(1), LeaseState::Closed);
        assert_eq!(told(leases.take()), []);
        assert_eq!(told(Some(leases.full())), []);
    }

    #[test]
    fn the_end_of_a_tab_that_was_told_is_told() {
        let leases = Leases::default();
        leases.set(tab(1), LeaseState::Visible);
        assert_eq!(told(leases.take()), [(1, LeaseState::Visible)]);
        leases.set(tab(1), LeaseState::Hidden);
        leases.set(tab(1), LeaseState::Closed);
        assert_eq!(told(leases.take()), [(1, LeaseState::Closed)]);
        leases.set(tab(2), LeaseState::Visible);
        assert_eq!(told(Some(leases.full())), [(2, LeaseState::Visible)]);
        leases.set(tab(2), LeaseState::Closed);
        assert_eq!(told(leases.take()), [(2, LeaseState::Closed)]);
    }
}
