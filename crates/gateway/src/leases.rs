//! Which tabs are there, as the server is told.

use std::collections::HashMap;

use antiphon_api::ids::Principal;
use antiphon_session::TabKey;
use antiphon_wire::{FromGateway, LeaseChange, LeaseState};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// The leases of all tabs, and what of them the server has not been told. Each tab is in either
/// at most once, so both are bounded by the number of tabs.
#[derive(Default)]
pub(crate) struct Leases {
    book: Mutex<Book>,
    pub(crate) changed: Notify,
}

#[derive(Default)]
struct Book {
    open: HashMap<u64, (Principal, LeaseState)>,
    untold: HashMap<u64, (Principal, LeaseState)>,
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
        book.untold.insert(tab, lease);
        drop(book);
        self.changed.notify_one();
    }

    /// The full set, for a server that has just said hello.
    pub(crate) fn full(&self) -> FromGateway {
        let mut book = self.book.lock();
        book.untold.clear();
        FromGateway::Leases {
            full: true,
            changes: changes(&book.open),
        }
    }

    /// What has changed since the last call, if anything.
    pub(crate) fn take(&self) -> Option<FromGateway> {
        let untold = std::mem::take(&mut self.book.lock().untold);
        (!untold.is_empty()).then(|| FromGateway::Leases {
            full: false,
            changes: changes(&untold),
        })
    }
}

fn changes(leases: &HashMap<u64, (Principal, LeaseState)>) -> Vec<LeaseChange> {
    leases
        .iter()
        .map(|(tab, (principal, state))| LeaseChange {
            principal: *principal,
            tab: *tab,
            state: *state,
        })
        .collect()
}
