//! Asking the server's log what a user missed.

use antiphon_api::{
    ids::{Pos, Principal},
    methods::events::{Replay, ReplayParams, ReplayResult},
};
use antiphon_client::rpc::{CallError, Rpc};
use antiphon_session::{Entry, LogAnswer, LogPage};
use tokio::sync::Semaphore;

use crate::metrics::{Asked, Metrics};

/// How many replays run at once; further tabs wait.
const AT_ONCE: usize = 32;

/// The server's log, as far as replays go.
pub(crate) struct Replays {
    rpc: Rpc,
    permits: Semaphore,
    metrics: Metrics,
}

/// The server cannot be asked, or its answer makes no sense.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplayError {
    #[error("the server did not answer")]
    Call(#[from] CallError),
    #[error("the server sent an event that is no object")]
    NotAnEvent,
    #[error("no replays any more")]
    Closed,
}

impl Replays {
    pub(crate) fn new(rpc: Rpc, metrics: Metrics) -> Self {
        Self {
            rpc,
            metrics,
            permits: Semaphore::new(AT_ONCE),
        }
    }

    /// The first page after a position that a client came with.
    pub(crate) async fn begin(
        &self,
        principal: Principal,
        after: Pos,
        through: Pos,
    ) -> Result<LogAnswer, ReplayError> {
        self.ask(principal, after, through, Asked::Resume).await
    }

    /// A further page. `None` when the log no longer reaches back to `after`.
    pub(crate) async fn go_on(
        &self,
        principal: Principal,
        after: Pos,
        through: Pos,
    ) -> Result<Option<LogPage>, ReplayError> {
        match self.ask(principal, after, through, Asked::Further).await? {
            LogAnswer::Page(page) => Ok(Some(page)),
            LogAnswer::Refused(_) => Ok(None),
        }
    }

    async fn ask(
        &self,
        principal: Principal,
        after: Pos,
        through: Pos,
        asked: Asked,
    ) -> Result<LogAnswer, ReplayError> {
        let answer = self.answer(principal, after, through, asked).await;
        self.metrics.replayed(asked, &answer);
        answer
    }

    async fn answer(
        &self,
        principal: Principal,
        after: Pos,
        through: Pos,
        asked: Asked,
    ) -> Result<LogAnswer, ReplayError> {
        let Principal::User(user_id) = principal;
        let _permit = self
            .permits
            .acquire()
            .await
            .map_err(|_| ReplayError::Closed)?;
        let params = ReplayParams {
            user_id,
            after,
            through,
            first: asked == Asked::Resume,
        };
        let (events, more) = match self.rpc.call::<Replay>(&params).await? {
            ReplayResult::Refused { reason } => return Ok(LogAnswer::Refused(reason)),
            ReplayResult::Page { events, more } => (events, more),
        };
        let entries = events
            .into_iter()
            .map(|event| Entry::new(event.pos, event.event.get()))
            .collect::<Option<_>>()
            .ok_or(ReplayError::NotAnEvent)?;
        Ok(LogAnswer::Page(LogPage {
            entries,
            more,
            through,
        }))
    }
}
