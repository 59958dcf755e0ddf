//! Where every session is: shards of the session core, each behind a short mutex.
//!
//! No lock here is held across an await, and none while another is taken but a shard's, and then
//! that of the revocations or of the positions that have passed. Publishing goes through all shards
//! in turn, because every envelope advances every shard.

mod bell;
mod passed;
mod revoked;
mod tab;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use antiphon_api::{
    frame::CloseCode,
    identity::{Identity, Revocation},
    ids::{Pos, Principal, UserId},
};
use antiphon_session::{
    Attach, Entry, LogAnswer, NewTab, Outcome, Resume, Shard, Survey, TabId, TabKey,
};
use antiphon_token::Externals;
use antiphon_wire::{LeaseState, Recipients};
use foldhash::fast::RandomState;
use parking_lot::Mutex;
use tokio::time::Instant;

use self::{bell::Bell, passed::Passed, revoked::Revoked};
use crate::{clock, leases::Leases};

pub(crate) use self::tab::Tab;

/// How many locks the sessions are spread over.
pub(crate) const SHARDS: usize = 16;

/// All sessions of this gateway.
pub(crate) struct Directory {
    shards: Vec<Mutex<Slot>>,
    passed: Mutex<Passed>,
    revoked: Mutex<Revoked>,
    /// Who external ids are, by the database whose log is followed.
    pub(crate) externals: Mutex<Externals>,
    pub(crate) leases: Leases,
    next_tab: AtomicU64,
    /// The most tabs of one user; a further one is told to come back later. The probe's come by the
    /// operator's leave alone and are not counted.
    tabs_per_user: usize,
}

struct Slot {
    core: Shard,
    /// How often everything was forgotten: an answer about another log's positions is void.
    era: u64,
    tabs: HashMap<TabId, Place, RandomState>,
    /// Reused from call to call.
    wake: Vec<TabId>,
}

/// What the gateway keeps of a tab beside the core.
struct Place {
    principal: Principal,
    identity: Arc<Identity>,
    bell: Arc<Bell>,
}

/// How far the tab is behind that is most so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lag {
    /// Positions that have passed since the oldest event it is owed, itself included.
    pub(crate) positions: usize,
    /// How long ago that event passed.
    pub(crate) time: Duration,
}

/// All sessions in numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) survey: Survey,
    pub(crate) position: Pos,
    pub(crate) lag: Lag,
}

/// Why a tab was not attached.
pub(crate) enum NotAttached {
    Revoked,
    TooManyTabs,
    /// Ask the server for this, and try again with its answer.
    NeedsLog {
        after: Pos,
        through: Pos,
        era: u64,
    },
}

impl Directory {
    /// `position` is where the link's stream starts.
    pub(crate) fn new(
        config: &antiphon_session::Config,
        tabs_per_user: usize,
        position: Pos,
    ) -> Self {
        let config = Arc::new(config.clone());
        let slot = || Slot {
            core: Shard::new(Arc::clone(&config), position),
            era: 0,
            tabs: HashMap::default(),
            wake: Vec::new(),
        };
        Self {
            shards: std::iter::repeat_with(|| Mutex::new(slot()))
                .take(SHARDS)
                .collect(),
            passed: Mutex::new(Passed::starting_at(position)),
            revoked: Mutex::default(),
            externals: Mutex::default(),
            leases: Leases::default(),
            next_tab: AtomicU64::new(1),
            tabs_per_user,
        }
    }

    fn shard(&self, principal: Principal) -> &Mutex<Slot> {
        &self.shards[index_of(principal)]
    }

    /// Log events in order, each to its recipients. Each shard takes in all of them before the
    /// next one does, for its sessions are at hand then, and its lock is held meanwhile.
    pub(crate) fn publish(&self, events: &[(Arc<Entry>, Recipients)]) {
        let now = Instant::now().into_std();
        let mut passed = self.passed.lock();
        events
            .iter()
            .for_each(|(entry, _)| passed.push(entry.pos(), now));
        drop(passed);
        let shares: Vec<Shares> = events.iter().map(|(_, to)| Shares::of(to)).collect();
        for (index, shard) in self.shards.iter().enumerate() {
            let mut slot = shard.lock();
            let Slot { core, wake, .. } = &mut *slot;
            for ((entry, _), shares) in events.iter().zip(&shares) {
                match shares {
                    Shares::Each(of) => core.publish(entry, of[index].iter().copied(), wake),
                    Shares::All => core.publish_to_all(entry, wake),
                }
            }
            slot.ring_bells();
        }
    }

    /// One ephemeral event, to those of its recipients who are here.
    pub(crate) fn relay(&self, frame: &Arc<[u8]>, key: Option<&str>, to: &Recipients) {
        let shares = Shares::of(to);
        for (index, shard) in self.shards.iter().enumerate() {
            let mut slot = shard.lock();
            let Slot { core, wake, .. } = &mut *slot;
            match &shares {
                Shares::Each(of) => core.relay(frame, key, of[index].iter().copied(), wake),
                Shares::All => core.relay_to_all(frame, key, wake),
            }
            slot.ring_bells();
        }
    }

    /// Attaches a tab, unless its token was revoked. `log` is what the server answered, and the
    /// era it was asked in.
    pub(crate) fn attach(
        self: &Arc<Self>,
        principal: Principal,
        identity: &Arc<Identity>,
        new: &NewTab,
        log: Option<(LogAnswer, u64)>,
    ) -> Result<(Tab, Outcome), NotAttached> {
        let id = TabId(self.next_tab.fetch_add(1, Ordering::Relaxed));
        let key = TabKey { principal, tab: id };
        let mut slot = self.shard(principal).lock();
        if self.revoked.lock().covers(principal, &identity.token) {
            return Err(NotAttached::Revoked);
        }
        let is_probe = principal == Principal::User(UserId::PROBE);
        if !is_probe && slot.core.tabs_of(principal) >= self.tabs_per_user {
            return Err(NotAttached::TooManyTabs);
        }
        let era = slot.era;
        let log = log.and_then(|(answer, of)| (of == era).then_some(answer));
        let new = NewTab {
            passed: self.has_passed(&new.resume),
            ..new.clone()
        };
        match slot.core.attach(key, &new, log, clock::now()) {
            Attach::NeedsLog { after, through } => Err(NotAttached::NeedsLog {
                after,
                through,
                era,
            }),
            Attach::Attached(outcome) => {
                let bell = Arc::<Bell>::default();
                let place = Place {
                    principal,
                    identity: Arc::clone(identity),
                    bell: Arc::clone(&bell),
                };
                slot.tabs.insert(id, place);
                drop(slot);
                self.leases.set(key, LeaseState::Visible);
                Ok((Tab::new(Arc::clone(self), key, bell), outcome))
            }
        }
    }

    /// Whether this gateway has itself seen exactly this position pass. Asked under a shard's lock,
    /// so that a reset, which changes this first, cannot come between.
    fn has_passed(&self, resume: &Resume) -> bool {
        match resume {
            Resume::At(pos) => self.passed.lock().contains(*pos),
            Resume::Fresh | Resume::Event { .. } | Resume::Bad => false,
        }
    }

    pub(crate) fn is_revoked(&self, identity: &Identity) -> bool {
        self.revoked
            .lock()
            .covers(Principal::User(identity.user_id), &identity.token)
    }

    /// Ends the connections that came with a revoked token, and bars it from now on. How many tabs
    /// are closed.
    pub(crate) fn revoke(&self, revocation: Revocation) -> usize {
        let principal = revocation.principal;
        self.revoked
            .lock()
            .add(revocation.clone(), clock::now().unix_ms);
        let mut slot = self.shard(principal).lock();
        let Slot { core, tabs, .. } = &mut *slot;
        let mut closed = 0;
        for (id, place) in tabs {
            if place.principal == principal && revocation.covers(&place.identity.token) {
                core.close(
                    TabKey {
                        principal,
                        tab: *id,
                    },
                    CloseCode::Revoked,
                );
                place.bell.ring();
                closed += 1;
            }
        }
        closed
    }

    /// The log that was followed is discarded: everything is forgotten, every tab closed.
    pub(crate) fn reset(&self, position: Pos) {
        *self.passed.lock() = Passed::starting_at(position);
        self.externals.lock().forget();
        for shard in &self.shards {
            let mut slot = shard.lock();
            let Slot {
                core, wake, era, ..
            } = &mut *slot;
            *era += 1;
            core.reset(position, wake);
            slot.ring_bells();
        }
    }

    /// Has the live tabs ask anew for what is not in the log, one shard's at a time, so that not
    /// all of them ask at once. To be called for each of [`SHARDS`].
    pub(crate) fn renew(&self, shard: usize) {
        let mut slot = self.shards[shard % SHARDS].lock();
        let Slot { core, wake, .. } = &mut *slot;
        core.renew(wake);
        slot.ring_bells();
    }

    /// Tells every tab to come back after a time of its own, and closes it then.
    pub(crate) fn drain(&self, mut pick: impl FnMut() -> Duration) {
        let now = clock::now();
        for shard in &self.shards {
            let mut slot = shard.lock();
            let Slot { core, wake, .. } = &mut *slot;
            core.drain(now, &mut pick, wake);
            slot.ring_bells();
        }
    }

    /// Removes the sessions whose linger has passed.
    pub(crate) fn sweep(&self) {
        for shard in &self.shards {
            shard.lock().core.sweep(clock::now());
        }
    }

    /// Looks at every session, one shard's at a time.
    pub(crate) fn figures(&self) -> Figures {
        let mut figures = Figures::default();
        for shard in &self.shards {
            let slot = shard.lock();
            figures.survey = figures.survey.and(slot.core.survey());
            figures.position = slot.core.position();
        }
        if let Some(owed) = figures.survey.owed {
            figures.lag = self.passed.lock().lag(owed, Instant::now().into_std());
        }
        figures
    }

    pub(crate) fn tabs(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| shard.lock().core.tabs())
            .sum()
    }
}

/// Recipients by the shard they belong to.
enum Shares {
    All,
    Each(Box<[Vec<Principal>; SHARDS]>),
}

impl Shares {
    fn of(recipients: &Recipients) -> Self {
        let Recipients::Users(users) = recipients else {
            return Self::All;
        };
        let mut shares: Box<[Vec<Principal>; SHARDS]> = Box::default();
        for user in users {
            let principal = Principal::User(*user);
            shares[index_of(principal)].push(principal);
        }
        Self::Each(shares)
    }
}

impl Slot {
    fn ring_bells(&mut self) {
        for id in self.wake.drain(..) {
            if let Some(place) = self.tabs.get(&id) {
                place.bell.ring();
            }
        }
    }
}

fn index_of(principal: Principal) -> usize {
    let Principal::User(user) = principal;
    usize::try_from(user.get()).unwrap_or_default() % SHARDS
}
