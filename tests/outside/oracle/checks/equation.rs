//! Snapshot(P) and the user's events in (P, Q] make snapshot(Q). Of the people beside it, whoever is
//! in both is the same.

use std::collections::BTreeMap;

use antiphon_api::{ids::Pos, methods::state::SnapshotResult};
use antiphon_client::state::{Equation, State};

use super::Told;

/// The snapshots of each user, one for each position at which one was taken.
#[derive(Default)]
pub(in crate::oracle) struct History {
    seen: BTreeMap<i64, Vec<Seen>>,
}

struct Seen {
    snapshot: SnapshotResult,
    equation: Equation,
}

impl History {
    pub(in crate::oracle) fn add(&mut self, user: i64, snapshot: SnapshotResult) {
        let equation = State::from(snapshot.clone()).equation();
        let seen = self.seen.entry(user).or_default();
        match seen.last() {
            Some(last) if last.snapshot.pos == snapshot.pos => {
                assert_eq!(last.equation, equation, "changed without an event");
            }
            _ => seen.push(Seen { snapshot, equation }),
        }
    }

    /// The newest snapshot of a user, and its part in the equation.
    pub(in crate::oracle) fn newest(&self, user: i64) -> (Pos, &Equation) {
        let newest = self.seen.get(&user).and_then(|seen| seen.last());
        let newest = newest.expect("everybody was looked at");
        (newest.snapshot.pos, &newest.equation)
    }

    /// For every user and every two snapshots; and a suffix that comes twice changes nothing.
    pub(in crate::oracle) fn check(&self, told: &[Told]) {
        for (user, seen) in &self.seen {
            let own: Vec<&Told> = told.iter().filter(|told| told.to.contains(user)).collect();
            for (index, from) in seen.iter().enumerate() {
                folds(*user, from, &seen[index..], &own);
            }
        }
    }
}

fn folds(user: i64, from: &Seen, later: &[Seen], own: &[&Told]) {
    let start = from.snapshot.pos;
    let after = &own[own.partition_point(|told| told.pos <= start)..];
    let mut state = State::from(from.snapshot.clone());
    let mut rest = after.iter().peekable();
    for to in later {
        let end = to.snapshot.pos;
        while let Some(told) = rest.next_if(|told| told.pos <= end) {
            state.apply(Some(told.pos), &told.typed);
        }
        let folded = state.equation();
        assert_eq!(folded, to.equation, "user {user}: ({start}, {end}]");
        for person in &to.snapshot.users {
            let held = state.person(person.id).unwrap_or(person);
            assert_eq!(held, person, "user {user}: ({start}, {end}]");
        }
    }
    let whole = state.equation();
    for told in after {
        state.apply(Some(told.pos), &told.typed);
    }
    assert_eq!(state.equation(), whole, "user {user}: twice from {start}");
}
