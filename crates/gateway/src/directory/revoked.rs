//! The tokens that have ended before their time.

use std::collections::HashMap;

use antiphon_api::{
    identity::{Presented, Revocation},
    ids::{Principal, UnixMs},
};

/// The revocations in force, as the server told them. Each is dropped once every token it covers
/// has ended by itself.
#[derive(Default)]
pub(super) struct Revoked {
    by_principal: HashMap<Principal, Vec<Revocation>>,
}

impl Revoked {
    pub(super) fn add(&mut self, revocation: Revocation, now: UnixMs) {
        self.by_principal.retain(|_, list| {
            list.retain(|revocation| revocation.until > now);
            !list.is_empty()
        });
        let list = self.by_principal.entry(revocation.principal).or_default();
        list.retain(|known| !revocation.includes(known));
        list.push(revocation);
    }

    pub(super) fn covers(&self, principal: Principal, token: &Presented) -> bool {
        self.by_principal
            .get(&principal)
            .is_some_and(|list| list.iter().any(|revocation| revocation.covers(token)))
    }
}
