//! Tells people what changed: a user what they see of themselves, and everybody who shares a
//! workspace with them what others see.

use std::{collections::BTreeMap, error::Error, sync::Arc, time::Duration};

use antiphon_api::{
    entities::Presence as Entity,
    events::{Event, PresenceChanged, Stamped},
    ids::{Revision, UnixMs, UserId},
};
use antiphon_store::Store;
use rusqlite::Connection;
use tokio::time::Instant;

use super::{
    board::Change,
    service::{Presence, entity},
};
use crate::{
    clock,
    context::Failure,
    families,
    fanout::{Fanout, Relay},
};

/// How long the follower rests after the database failed it.
const REST: Duration = Duration::from_secs(1);

/// How many users' changes are read and told at once: each is told with the ids of all its peers.
const ANNOUNCE_USERS: usize = 64;

/// Users of whom to tell, each once however often they changed.
#[derive(Default)]
pub(super) struct Pending(BTreeMap<UserId, Told>);

impl Pending {
    pub(super) fn add(&mut self, user: UserId, told: Told) {
        let pending = self.0.entry(user).or_default();
        pending.own |= told.own;
        pending.others |= told.others;
    }

    pub(super) fn take(&mut self) -> Vec<(UserId, Told)> {
        std::mem::take(&mut self.0).into_iter().collect()
    }
}

/// Who is to hear of a change.
#[derive(Clone, Copy, Default)]
pub(super) struct Told {
    own: bool,
    others: bool,
}

impl Told {
    pub(super) const EVERYBODY: Self = Self {
        own: true,
        others: true,
    };

    pub(super) const fn of(change: &Change) -> Self {
        Self {
            own: change.own.is_some(),
            others: change.others.is_some(),
        }
    }
}

/// Moves the board with the clock and tells people what changed, until dropped.
pub(crate) async fn follow(presence: Arc<Presence>, store: Store, fanout: Arc<Fanout>) {
    loop {
        let nap = presence.handle_timeout(clock::moment());
        let pending = presence.take_pending();
        if !pending.is_empty() {
            for users in pending.chunks(ANNOUNCE_USERS) {
                announce(&presence, &store, &fanout, users.to_vec()).await;
            }
            continue;
        }
        let timer = async {
            match nap {
                Some(nap) => tokio::time::sleep_until(Instant::now() + nap).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = presence.changed() => {}
            () = timer => {}
        }
    }
}

async fn announce(
    presence: &Arc<Presence>,
    store: &Store,
    fanout: &Fanout,
    users: Vec<(UserId, Told)>,
) {
    let (reader, known) = (Arc::clone(presence), presence.newest());
    let untold = users.clone();
    let read = store.read(move |db| {
        let now = clock::now();
        users
            .into_iter()
            .map(|(user, told)| word(&reader, db, user, told, now, known))
            .collect::<Result<Vec<_>, Failure>>()
    });
    match read.await {
        Ok(words) => {
            for word in words {
                presence.status_told(word.user, word.ends);
                fanout.apply(word.relays, Vec::new());
            }
        }
        Err(error) => {
            presence.put_back(untold);
            tracing::error!(
                error = &Failure::from(error) as &dyn Error,
                "presence cannot be told; trying again"
            );
            tokio::time::sleep(REST).await;
        }
    }
}

/// What is said of a user, and when the status text in it ends.
struct Word {
    user: UserId,
    ends: Option<UnixMs>,
    relays: Vec<Relay>,
}

fn word(
    presence: &Presence,
    db: &Connection,
    user: UserId,
    told: Told,
    now: UnixMs,
    known: Revision,
) -> Result<Word, Failure> {
    let sides = presence.sides(user, now);
    let status = families::status_of(db, user, now)?;
    let ends = status.expires_at;
    let own = entity(user, sides.own, status.clone(), known);
    let others = entity(user, sides.others, status, known);
    let same = told.own && told.others && own == others;
    let mut relays = Vec::new();
    if told.own && !same {
        relays.push(relay(vec![user], own, now));
    }
    if told.others {
        let mut to = families::peers(db, user)?;
        to.retain(|peer| same || *peer != user);
        relays.push(relay(to, others, now));
    }
    Ok(Word { user, ends, relays })
}

fn relay(to: Vec<UserId>, seen: Entity, now: UnixMs) -> Relay {
    Relay {
        to,
        key: format!("presence:{}", seen.user_id),
        event: Stamped {
            ts: now,
            event: Event::from(PresenceChanged(seen)),
        },
    }
}
