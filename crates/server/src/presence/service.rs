//! The board under the clock: what methods ask of presence, and what gateways' links feed it.

use std::time::Duration;

use antiphon_api::{
    entities::{Presence as Entity, PresenceState},
    ids::{Revision, UnixMs, UserId},
    methods::presence::Claim,
};
use antiphon_wire::LeaseChange;
use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::Notify;

use super::{
    Board, Claimed,
    board::{Change, Views},
    marks::{Mark, Marks},
    telling::{Pending, Told},
};
use crate::{clock, clock::Moment, families, families::Status};

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
    pending: Pending,
}

impl Presence {
    pub(crate) fn new(now: UnixMs) -> Self {
        Self {
            inner: Mutex::new(Inner {
                board: Board::default(),
                marks: Marks::new(now),
                pending: Pending::default(),
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
        let sides = self.sides(user, now);
        let seen = if user == viewer {
            sides.own
        } else {
            sides.others
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
        let inner = self.inner.lock();
        let known = inner.marks.newest();
        let after = inner.board.views_if(user, claim).own;
        let (before, mut mark) = inner.sides(user, now).own;
        drop(inner);
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

    pub(super) fn sides(&self, user: UserId, now: UnixMs) -> Sides {
        self.inner.lock().sides(user, now)
    }

    /// Resolves when there may be something to tell, or less time than was said last.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    pub(super) fn take_pending(&self) -> Vec<(UserId, Told)> {
        self.inner.lock().pending.take()
    }

    /// What was taken could not be told.
    pub(super) fn put_back(&self, untold: Vec<(UserId, Told)>) {
        let mut inner = self.inner.lock();
        for (user, told) in untold {
            inner.pending.add(user, told);
        }
    }

    /// A status text was told that ends at `end`.
    pub(super) fn status_told(&self, user: UserId, end: Option<UnixMs>) {
        self.inner.lock().board.handle_status(user, end);
    }

    /// Carries out what is due, and says how long nothing will be.
    pub(super) fn handle_timeout(&self, now: Moment) -> Option<Duration> {
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
pub(super) struct Sides {
    pub(super) own: (PresenceState, Mark),
    pub(super) others: (PresenceState, Mark),
}

pub(super) fn entity(
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
    fn sides(&self, user: UserId, now: UnixMs) -> Sides {
        let Views { own, others } = self.board.views(user, now);
        Sides {
            own: (own, self.marks.own(user)),
            others: (others, self.marks.others(user)),
        }
    }

    fn mark(&mut self, changed: &[Change], now: UnixMs) {
        for change in changed {
            self.marks.state(change, now);
            self.pending.add(change.user, Told::of(change));
        }
        let board = &self.board;
        self.marks
            .prune(|user| board.views(user, now) == Views::default());
    }

    fn mark_text(&mut self, user: UserId, now: UnixMs) {
        self.marks.text(user, now);
        self.pending.add(user, Told::EVERYBODY);
    }
}
