//! The board, the clock, and the telling.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use antiphon_api::{
    entities::{Presence as Entity, PresenceState},
    events::{Event, PresenceChanged, Stamped},
    ids::{Revision, UnixMs, UserId},
    methods::presence::Claim,
};
use antiphon_store::Store;
use antiphon_wire::LeaseChange;
use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::{sync::Notify, time::Instant};

use super::{
    Board, Claimed,
    board::{Change, Views},
    marks::{Mark, Marks},
};
use crate::{
    clock,
    clock::Moment,
    context::Failure,
    families,
    families::Status,
    fanout::{Fanout, Relay},
};

/// How long the follower rests after the database failed it.
const REST: Duration = Duration::from_secs(1);

/// How many users' changes are read and told at once: each is told with the ids of all its peers.
const ANNOUNCE_USERS: usize = 64;

/// The follower looks at the clock on the wall at least so often while it waits for an end.
const MAX_NAP: Duration = Duration::from_secs(60);

/// Who is there. Methods ask it; gateways' links feed it.
pub(crate) struct Presence {
    inner: Mutex<Inner>,
    changed: Notify,
}

struct Inner {
    board: Board,
    marks: Marks,
    /// Users of whom to tell, each once however often they changed.
    pending: BTreeMap<UserId, Told>,
}

/// Who is to hear of a change.
#[derive(Clone, Copy, Default)]
struct Told {
    own: bool,
    others: bool,
}

impl Presence {
    pub(crate) fn new(now: UnixMs) -> Self {
        Self {
            inner: Mutex::new(Inner {
                board: Board::default(),
                marks: Marks::new(now),
                pending: BTreeMap::new(),
            }),
            changed: Notify::new(),
        }
    }

    /// What was stored when the server started.
    pub(crate) fn recall(&self, claims: Vec<Claimed>, statuses: Vec<(UserId, UnixMs)>) {
        let now = clock::now();
        let mut inner = self.inner.lock();
        for claimed in claims {
            inner.board.handle_claim(claimed, now);
        }
        for (user, end) in statuses {
            inner.board.handle_status(user, Some(end));
        }
    }

    pub(crate) fn leases(&self, boot: &str, link: u64, full: bool, changes: &[LeaseChange]) {
        let now = clock::moment();
        let mut inner = self.inner.lock();
        let changed = inner.board.handle_leases(boot, link, full, changes, now);
        inner.mark(&changed, now.wall);
        drop(inner);
        self.changed.notify_one();
    }

    /// `false` when too many connections are marked already.
    pub(crate) fn mark_connection(&self, gateway: &str, change: LeaseChange) -> bool {
        let now = clock::moment();
        let mut inner = self.inner.lock();
        let changed = inner.board.handle_mark(gateway, change, now);
        inner.mark(changed.as_deref().unwrap_or_default(), now.wall);
        drop(inner);
        self.changed.notify_one();
        changed.is_some()
    }

    pub(crate) fn link_lost(&self, boot: &str, link: u64) {
        let now = clock::moment();
        let mut inner = self.inner.lock();
        inner.board.handle_link_lost(boot, link, now.steady);
        drop(inner);
        self.changed.notify_one();
    }

    pub(crate) fn claims_changed(&self, claims: &[Claimed]) {
        if claims.is_empty() {
            return;
        }
        let now = clock::now();
        let mut inner = self.inner.lock();
        for claimed in claims {
            let changed = inner.board.handle_claim(*claimed, now);
            inner.mark(changed.as_slice(), now);
        }
        drop(inner);
        self.changed.notify_one();
    }

    pub(crate) fn statuses_changed(&self, users: &[UserId]) {
        if users.is_empty() {
            return;
        }
        let now = clock::now();
        let mut inner = self.inner.lock();
        for user in users {
            inner.mark_text(*user, now);
        }
        drop(inner);
        self.changed.notify_one();
    }

    /// How new the newest change is.
    pub(crate) fn newest(&self) -> Revision {
        self.inner.lock().marks.newest()
    }

    /// The user as `viewer` sees them at `now`. `known` is what [`newest`](Self::newest) was before
    /// the read transaction began: its value must not pass for newer than what it can have seen.
    pub(crate) fn of(
        &self,
        db: &Connection,
        user: UserId,
        viewer: UserId,
        now: UnixMs,
        known: Revision,
    ) -> Result<Entity, rusqlite::Error> {
        let look = self.look(user, now);
        let seen = if user == viewer {
            look.own
        } else {
            look.others
        };
        Ok(entity(
            user,
            seen,
            families::status_of(db, user, now)?,
            known,
        ))
    }

    /// The user as they will see themselves under `claim`.
    pub(crate) fn under(
        &self,
        db: &Connection,
        user: UserId,
        claim: Claim,
        now: UnixMs,
    ) -> Result<Entity, rusqlite::Error> {
        let (known, (before, mut mark)) = (self.newest(), self.look(user, now).own);
        let after = self.inner.lock().board.views_if(user, claim).own;
        if after != before {
            mark.since = now;
        }
        let status = families::status_of(db, user, now)?;
        Ok(entity(user, (after, mark), status, known))
    }

    /// Puts those who are not offline first; otherwise the order stays.
    pub(crate) fn offline_last(&self, users: &mut [UserId], now: UnixMs) {
        let inner = self.inner.lock();
        users.sort_by_cached_key(|user| {
            inner.board.views(*user, now).others == PresenceState::Offline
        });
    }

    /// Keeps those whom others see online.
    pub(crate) fn retain_online(&self, users: &mut Vec<UserId>, now: UnixMs) {
        let inner = self.inner.lock();
        users.retain(|user| inner.board.views(*user, now).others == PresenceState::Online);
    }

    fn look(&self, user: UserId, now: UnixMs) -> Sides {
        let inner = self.inner.lock();
        let Views { own, others } = inner.board.views(user, now);
        Sides {
            own: (own, inner.marks.own(user)),
            others: (others, inner.marks.others(user)),
        }
    }

    fn take_pending(&self) -> Vec<(UserId, Told)> {
        std::mem::take(&mut self.inner.lock().pending)
            .into_iter()
            .collect()
    }

    /// Carries out what is due, and says how long nothing will be.
    fn handle_timeout(&self, now: Moment) -> Option<Duration> {
        let mut inner = self.inner.lock();
        let changed = inner.board.handle_timeout(now);
        inner.mark(&changed, now.wall);
        while let Some(user) = inner.board.take_ended_status(now.wall) {
            inner.mark_text(user, now.wall);
        }
        let lease = inner.board.poll_timeout();
        let lease = lease.map(|due| due.saturating_duration_since(now.steady));
        let end = inner.board.poll_end().map(|end| {
            let ms = end.get().saturating_sub(now.wall.get());
            Duration::from_millis(u64::try_from(ms).unwrap_or_default()).min(MAX_NAP)
        });
        lease.into_iter().chain(end).min()
    }
}

/// A user's state and its mark, as each side sees it.
struct Sides {
    own: (PresenceState, Mark),
    others: (PresenceState, Mark),
}

fn entity(
    user: UserId,
    (state, mark): (PresenceState, Mark),
    status: Status,
    known: Revision,
) -> Entity {
    Entity {
        user_id: user,
        state,
        status_text: status.text,
        emoji: status.emoji,
        since: mark.since,
        revision: mark.revision.min(known),
    }
}

impl Inner {
    fn mark(&mut self, changed: &[Change], now: UnixMs) {
        for change in changed {
            self.marks.state(change, now);
            let told = Told {
                own: change.own.is_some(),
                others: change.others.is_some(),
            };
            self.tell([(change.user, told)]);
        }
        let board = &self.board;
        self.marks
            .prune(|user| board.views(user, now) == Views::default());
    }

    fn mark_text(&mut self, user: UserId, now: UnixMs) {
        self.marks.text(user, now);
        let everybody = Told {
            own: true,
            others: true,
        };
        self.tell([(user, everybody)]);
    }

    fn tell(&mut self, users: impl IntoIterator<Item = (UserId, Told)>) {
        for (user, told) in users {
            let pending = self.pending.entry(user).or_default();
            pending.own |= told.own;
            pending.others |= told.others;
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
            () = presence.changed.notified() => {}
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
        let mut words = Vec::new();
        for (user, told) in users {
            words.push(word(&reader, db, user, told, now, known)?);
        }
        Ok::<_, Failure>(words)
    });
    match read.await {
        Ok(words) => {
            for (user, end, relays) in words {
                presence.inner.lock().board.handle_status(user, end);
                fanout.apply(relays, Vec::new());
            }
        }
        Err(error) => {
            tracing::error!(?error, "presence cannot be told; trying again");
            presence.inner.lock().tell(untold);
            tokio::time::sleep(REST).await;
        }
    }
}

/// What is to be said of a user and to whom, and when the status text that is said ends.
fn word(
    presence: &Presence,
    db: &Connection,
    user: UserId,
    told: Told,
    now: UnixMs,
    known: Revision,
) -> Result<(UserId, Option<UnixMs>, Vec<Relay>), Failure> {
    let sides = presence.look(user, now);
    let status = families::status_of(db, user, now)?;
    let end = status.expires_at;
    let own = entity(user, sides.own, status.clone(), known);
    let others = entity(user, sides.others, status, known);
    let peers = if told.others {
        families::peers(db, user)?
    } else {
        Vec::new()
    };
    let relay = |to: Vec<UserId>, seen: Entity| Relay {
        to,
        key: format!("presence:{user}"),
        event: Stamped {
            ts: now,
            event: Event::from(PresenceChanged(seen)),
        },
    };
    let mut relays = Vec::new();
    if told.own && told.others && own == others {
        relays.push(relay(peers, own));
        return Ok((user, end, relays));
    }
    if told.own {
        relays.push(relay(vec![user], own));
    }
    if told.others {
        let peers = peers.into_iter().filter(|peer| *peer != user).collect();
        relays.push(relay(peers, others));
    }
    Ok((user, end, relays))
}
