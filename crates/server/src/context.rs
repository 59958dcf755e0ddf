//! What a method sees: who calls, the transaction, and the means to tell others.

use std::{error::Error, ops::Deref, sync::Arc};

use antiphon_api::{
    ErrorCode, RpcError,
    events::{Event, Fact, Keep, Stamped},
    identity::{Identity, Revocation},
    ids::{HuddleLease, Pos, Revision, UnixMs, UserId},
};
use antiphon_store::{Audience, EmitError, ReadError, Store, Tx, WriteError};
use antiphon_token::{Externals, Signer};
use parking_lot::Mutex;
use rusqlite::Connection;

use crate::{
    clock,
    config::Means,
    fanout::{Fanout, Relay},
    huddle::{Huddles, Livekit},
    metrics::Metrics,
    presence::{Claimed, Presence},
    rpc::{Budgets, Turns},
    tickets::Tickets,
    typing::Typing,
};

/// What the whole server shares.
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) fanout: Arc<Fanout>,
    pub(crate) metrics: Metrics,
    pub(crate) presence: Arc<Presence>,
    pub(crate) tickets: Tickets,
    pub(crate) typing: Typing,
    pub(crate) huddles: Huddles,
    pub(crate) livekit: Option<Livekit>,
    pub(crate) budgets: Budgets,
    pub(crate) searches: Turns,
    pub(crate) signer: Option<Signer>,
    /// Who external ids are, as the database says.
    pub(crate) externals: Mutex<Externals>,
    /// Whether a token's unknown external id makes a user.
    pub(crate) provision_unknown: bool,
}

impl Shared {
    pub(crate) fn new(store: Store, means: Means) -> Self {
        Self {
            fanout: Arc::new(Fanout::new(store.head())),
            metrics: means.metrics,
            presence: Arc::new(Presence::new(clock::now())),
            tickets: Tickets::default(),
            typing: Typing::default(),
            huddles: Huddles::default(),
            livekit: means.livekit,
            budgets: Budgets::new(&means.limits),
            searches: Turns::default(),
            signer: means.signer,
            externals: Mutex::default(),
            provision_unknown: means.provision_unknown,
            store,
        }
    }

    /// Carries out a mutation of the server's own.
    pub(crate) async fn work<T: Send + 'static>(
        self: &Arc<Self>,
        run: impl FnOnce(&mut Work<'_, '_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        self.work_for(Caller::Operator, None, run).await
    }

    /// Carries out a mutation for `caller`, whose idempotency key is `nonce`.
    pub(crate) async fn work_for<T: Send + 'static>(
        self: &Arc<Self>,
        caller: Caller,
        nonce: Option<String>,
        run: impl FnOnce(&mut Work<'_, '_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let (shared, now) = (Arc::clone(self), clock::now());
        let written = self.store.write(move |tx| {
            let mut effects = Effects::default();
            let result = run(&mut Work {
                tx,
                caller: &caller,
                now,
                nonce: nonce.as_deref(),
                shared: &shared,
                effects: &mut effects,
            })?;
            Ok((result, effects))
        });
        written
            .await
            .map(|done| self.apply(done))
            .map_err(Into::into)
    }

    /// Does what was waiting for the transaction to end well.
    pub(crate) fn apply<T>(&self, (result, effects): (T, Effects)) -> T {
        self.fanout.apply(effects.relays, effects.revocations);
        self.huddles.taken(&effects.leases);
        self.presence.claims_changed(&effects.claims);
        self.presence.statuses_changed(&effects.statuses);
        result
    }
}

/// Who makes a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Whoever may open rpc.sock and names nobody.
    Operator,
    User(Identity),
}

impl Caller {
    /// The user, for a method that acts as one.
    pub(crate) fn user(&self) -> Result<UserId, RpcError> {
        self.identity().map(|identity| identity.user_id)
    }

    /// The user and their token, for a method that acts as one.
    pub(crate) fn identity(&self) -> Result<&Identity, RpcError> {
        match self {
            Self::User(identity) => Ok(identity),
            Self::Operator => Err(RpcError::new(
                ErrorCode::Unauthenticated,
                "this method acts as a user: name one with the header Antiphon-User, or antiphon call --as",
            )),
        }
    }

    pub(crate) fn is(&self, user: UserId) -> bool {
        matches!(self, Self::User(identity) if identity.user_id == user)
    }

    /// The name under which this caller's idempotency keys are kept.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Operator => "operator".to_owned(),
            Self::User(identity) => format!("user:{}", identity.user_id),
        }
    }
}

/// Why a method did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The caller is told this.
    #[error(transparent)]
    Refused(#[from] RpcError),
    /// The caller is told nothing but that it failed.
    #[error("the database refused")]
    Database(#[from] rusqlite::Error),
    /// The same.
    #[error(transparent)]
    Internal(Box<dyn Error + Send + Sync>),
}

impl Failure {
    pub(crate) fn internal(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Internal(error.into())
    }

    /// Whether the disk is full or fails.
    pub(crate) fn is_of_the_disk(&self) -> bool {
        use rusqlite::ErrorCode::{DiskFull, SystemIoFailure};
        let Self::Database(error) = self else {
            return false;
        };
        matches!(error.sqlite_error_code(), Some(DiskFull | SystemIoFailure))
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::internal(error)
    }
}

impl From<EmitError> for Failure {
    fn from(error: EmitError) -> Self {
        match error {
            EmitError::TooLarge { limit } => RpcError::too_large("the event", limit).into(),
            EmitError::Sqlite(error) => Self::Database(error),
            EmitError::AudienceTooWide { .. }
            | EmitError::NotJson(_)
            | EmitError::OutOfPositions
            | EmitError::TransactionLost => Self::internal(error),
        }
    }
}

impl From<WriteError<Self>> for Failure {
    fn from(error: WriteError<Self>) -> Self {
        match error {
            WriteError::Refused(failure) => failure,
            WriteError::Panicked => Self::internal("the method panicked"),
            WriteError::Unavailable { indeterminate } => {
                RpcError::unavailable("the server is stopping", indeterminate).into()
            }
        }
    }
}

impl From<ReadError<Self>> for Failure {
    fn from(error: ReadError<Self>) -> Self {
        match error {
            ReadError::Refused(failure) => failure,
            ReadError::Panicked => Self::internal("the method panicked"),
            ReadError::Late => RpcError::unavailable(
                "it takes too long to find; ask for less: longer or fewer words, one channel",
                false,
            )
            .into(),
            ReadError::Sqlite(error) => Self::Database(error),
            ReadError::Closed => RpcError::unavailable("the server is stopping", false).into(),
        }
    }
}

/// What becomes known only once the transaction has ended well.
#[derive(Default)]
pub(crate) struct Effects {
    pub(crate) relays: Vec<Relay>,
    pub(crate) revocations: Vec<Revocation>,
    /// Users whose status text has changed.
    pub(crate) statuses: Vec<UserId>,
    pub(crate) claims: Vec<Claimed>,
    /// Leases of huddles that were given or renewed.
    pub(crate) leases: Vec<(UserId, HuddleLease)>,
}

/// A mutation under way, on the writer thread.
pub(crate) struct Work<'a, 'tx> {
    pub(crate) tx: &'a mut Tx<'tx>,
    pub(crate) caller: &'a Caller,
    pub(crate) now: UnixMs,
    /// The call's idempotency key, which its events carry as `nonce`.
    pub(crate) nonce: Option<&'a str>,
    /// To ask, not to change: what is to change outside the database goes into `effects`.
    pub(crate) shared: &'a Shared,
    pub(crate) effects: &'a mut Effects,
}

impl<'tx> Work<'_, 'tx> {
    /// The same work on behalf of another caller.
    pub(crate) fn acting_as<'a>(&'a mut self, caller: &'a Caller) -> Work<'a, 'tx> {
        Work {
            tx: self.tx,
            caller,
            now: self.now,
            nonce: self.nonce,
            shared: self.shared,
            effects: self.effects,
        }
    }

    /// Tells `audience` of `fact`, if and only if this transaction commits.
    pub(crate) fn emit<F: Fact + Into<Event>>(
        &mut self,
        audience: &Audience,
        fact: F,
    ) -> Result<Pos, Failure> {
        debug_assert!(F::KEEP == Keep::Log, "{} is relayed, not emitted", F::TYPE);
        let event = Stamped {
            ts: self.now,
            event: fact.into(),
        };
        self.tx.emit(audience, &event, self.now).map_err(Into::into)
    }
}

impl Deref for Work<'_, '_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.tx
    }
}

/// A query under way, on a reader.
pub(crate) struct Look<'a> {
    pub(crate) db: &'a Connection,
    pub(crate) caller: &'a Caller,
    pub(crate) now: UnixMs,
    /// How new the newest change of presence was before the transaction began.
    pub(crate) presence: Revision,
    /// To be asked. Only tickets, typing and marked connections are written to directly: the answer
    /// depends on how that goes, and nothing that is read can undo it. The rest goes through
    /// `effects`.
    pub(crate) shared: &'a Shared,
    pub(crate) effects: &'a mut Effects,
}

impl Look<'_> {
    /// Tells those of `to` who are there of `fact`. Of two waiting relays with the same `key` a
    /// slow tab gets only the newer.
    pub(crate) fn relay<F: Fact + Into<Event>>(&mut self, to: Vec<UserId>, key: String, fact: F) {
        debug_assert!(F::KEEP == Keep::None, "{} is emitted, not relayed", F::TYPE);
        let event = Stamped {
            ts: self.now,
            event: fact.into(),
        };
        self.effects.relays.push(Relay { to, key, event });
    }
}

impl Deref for Look<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.db
    }
}
