//! What users say of themselves, each until it ends.

use std::collections::HashMap;

use antiphon_api::{
    ids::{UnixMs, UserId},
    methods::presence::Claim,
};

use crate::deadlines::Deadlines;

/// A claim as it is stored: of two of one user that with the higher number is the newer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claimed {
    pub(crate) user: UserId,
    pub(crate) number: i64,
    pub(crate) claim: Claim,
    pub(crate) until: Option<UnixMs>,
}

/// At most one for each user, kept when it has ended so that an older one does not come back.
#[derive(Default)]
pub(super) struct Claims {
    newest: HashMap<UserId, Claimed>,
    ends: Deadlines<UnixMs, UserId>,
}

impl Claims {
    /// Takes in a claim, unless a newer one is known.
    pub(super) fn set(&mut self, claimed: Claimed) {
        let user = claimed.user;
        let held = self.newest.get(&user);
        if held.is_some_and(|held| held.number >= claimed.number) {
            return;
        }
        match claimed.until {
            Some(until) => self.ends.set(user, until),
            None => self.ends.clear(&user),
        }
        self.newest.insert(user, claimed);
    }

    pub(super) fn of(&self, user: UserId, now: UnixMs) -> Claim {
        self.newest
            .get(&user)
            .filter(|claimed| claimed.until.is_none_or(|until| until > now))
            .map_or(Claim::Online, |claimed| claimed.claim)
    }

    pub(super) fn next_end(&self) -> Option<UnixMs> {
        self.ends.next()
    }

    /// A user whose claim has ended.
    pub(super) fn take_ended(&mut self, now: UnixMs) -> Option<UserId> {
        self.ends.take_due(now).map(|(_, user)| user)
    }
}
