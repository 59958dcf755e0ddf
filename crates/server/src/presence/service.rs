//! The board, the clock, and the telling.

use std::{collections::HashMap, sync::Arc, time::Duration};

use antiphon_api::{
    entities::{Presence as Entity, PresenceState},
    events::{Event, PresenceChanged, Stamped},
    ids::{Revision, UnixMs, UserId},
};
use antiphon_store::Store;
use antiphon_wire::LeaseChange;
use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::{sync::Notify, time::Instant};

use super::Board;
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

/// Who is there. Methods ask it; gateways' links feed it.
pub(crate) struct Presence {
    started_at: UnixMs,
    inner: Mutex<Inner>,
    changed: Notify,
}

struct Inner {
    board: Board,
    /// Since when each user that has changed is in its state, and how new that is.
    marks: HashMap<UserId, Mark>,
    last_revision: i64,
    /// Users to tell others about, each once however often it changed.
    pending: Vec<UserId>,
}

#[derive(Clone, Copy)]
struct Mark {
    since: UnixMs,
    revision: Revision,
}

impl Presence {
    pub(crate) fn new(now: UnixMs) -> Self {
        Self {
            started_at: now,
            inner: Mutex::new(Inner {
                board: Board::default(),
                marks: HashMap::new(),
                last_revision: now.get(),
                pending: Vec::new(),
            }),
            changed: Notify::new(),
        }
    }

    pub(crate) fn leases(&self, boot: &str, link: u64, full: bool, changes: &[LeaseChange]) {
        let now = Instant::now().into_std();
        let mut inner = self.inner.lock();
        let changed = inner.board.handle_leases(boot, link, full, changes, now);
        inner.mark(&changed, clock::now());
        drop(inner);
        self.changed.notify_one();
    }

    pub(crate) fn link_lost(&self, boot: &str, link: u64) {
        self.inner
            .lock()
            .board
            .handle_link_lost(boot, link, Instant::now().into_std());
        self.changed.notify_one();
    }

    pub(crate) fn statuses_changed(&self, users: &[UserId]) {
        if users.is_empty() {
            return;
        }
        let mut inner = self.inner.lock();
        for user in users {
            let revision = inner.next_revision(clock::now());
            let since = inner
                .marks
                .get(user)
                .map_or(self.started_at, |mark| mark.since);
            inner.marks.insert(*user, Mark { since, revision });
            inner.pending.push(*user);
        }
        drop(inner);
        self.changed.notify_one();
    }

    /// How new the newest change is.
    pub(crate) fn newest(&self) -> Revision {
        Revision(self.inner.lock().last_revision)
    }

    /// The user as others see it at `now`. `known` is what [`newest`](Self::newest) was before the
    /// read transaction began: its value must not pass for newer than what it can have seen.
    pub(crate) fn of(
        &self,
        db: &Connection,
        user: UserId,
        now: UnixMs,
        known: Revision,
    ) -> Result<Entity, rusqlite::Error> {
        let (state, mark) = {
            let inner = self.inner.lock();
            (inner.board.state(user), inner.marks.get(&user).copied())
        };
        let since_start = Mark {
            since: self.started_at,
            revision: Revision(self.started_at.get()),
        };
        let mark = mark.unwrap_or(since_start);
        let (status_text, emoji) = families::status_of(db, user, now)?;
        Ok(Entity {
            user_id: user,
            state,
            status_text,
            emoji,
            since: mark.since,
            revision: mark.revision.min(known),
        })
    }

    /// Puts those who are not offline first; otherwise the order stays.
    pub(crate) fn offline_last(&self, users: &mut [UserId]) {
        let inner = self.inner.lock();
        users.sort_by_cached_key(|user| inner.board.state(*user) == PresenceState::Offline);
    }

    /// Keeps those who are online.
    pub(crate) fn retain_online(&self, users: &mut Vec<UserId>) {
        let inner = self.inner.lock();
        users.retain(|user| inner.board.state(*user) == PresenceState::Online);
    }

    fn take_pending(&self) -> Vec<UserId> {
        let mut pending = std::mem::take(&mut self.inner.lock().pending);
        pending.sort_unstable();
        pending.dedup();
        pending
    }

    fn handle_timeout(&self) -> Option<Instant> {
        let mut inner = self.inner.lock();
        let changed = inner.board.handle_timeout(Instant::now().into_std());
        inner.mark(&changed, clock::now());
        inner.board.poll_timeout().map(Instant::from_std)
    }
}

impl Inner {
    fn mark(&mut self, changed: &[(UserId, PresenceState)], now: UnixMs) {
        for (user, _) in changed {
            let revision = self.next_revision(now);
            self.marks.insert(
                *user,
                Mark {
                    since: now,
                    revision,
                },
            );
            self.pending.push(*user);
        }
    }

    /// Rises across restarts too, as long as the clock does.
    fn next_revision(&mut self, now: UnixMs) -> Revision {
        self.last_revision = now.get().max(self.last_revision + 1);
        Revision(self.last_revision)
    }
}

/// Moves the board with the clock and tells people what changed, until dropped.
pub(crate) async fn follow(presence: Arc<Presence>, store: Store, fanout: Arc<Fanout>) {
    loop {
        let due = presence.handle_timeout();
        let pending = presence.take_pending();
        if !pending.is_empty() {
            for users in pending.chunks(ANNOUNCE_USERS) {
                announce(&presence, &store, &fanout, users.to_vec()).await;
            }
            continue;
        }
        let timer = async {
            match due {
                Some(due) => tokio::time::sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = presence.changed.notified() => {}
            () = timer => {}
        }
    }
}

async fn announce(presence: &Arc<Presence>, store: &Store, fanout: &Fanout, users: Vec<UserId>) {
    let (reader, known) = (Arc::clone(presence), presence.newest());
    let untold = users.clone();
    let relays = store.read(move |db| {
        let now = clock::now();
        let relay = |user: UserId| {
            let fact = PresenceChanged(reader.of(db, user, now, known)?);
            Ok::<_, Failure>(Relay {
                to: families::peers(db, user)?,
                key: format!("presence:{user}"),
                event: Stamped {
                    ts: now,
                    event: Event::from(fact),
                },
            })
        };
        users.into_iter().map(relay).collect::<Result<Vec<_>, _>>()
    });
    match relays.await {
        Ok(relays) => fanout.apply(relays, Vec::new()),
        Err(error) => {
            tracing::error!(?error, "presence cannot be told; trying again");
            presence.inner.lock().pending.extend(untold);
            tokio::time::sleep(REST).await;
        }
    }
}
