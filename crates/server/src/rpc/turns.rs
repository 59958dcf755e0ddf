//! Searches take turns, so that readers are left for everything else.

use std::{sync::Arc, time::Duration};

use antiphon_api::RpcError;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// The most searches at once, of everybody.
const MAX_SEARCHES: usize = 2;
/// A search whose turn has not come by then is refused.
const PATIENCE: Duration = Duration::from_secs(2);

pub(crate) struct Turns(Arc<Semaphore>);

/// The right to search, until dropped.
pub(super) type Turn = OwnedSemaphorePermit;

impl Default for Turns {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_SEARCHES)))
    }
}

impl Turns {
    /// Waits for a turn; those who wait come in order.
    pub(super) async fn wait(&self) -> Result<Turn, RpcError> {
        let turn = timeout(PATIENCE, Arc::clone(&self.0).acquire_owned()).await;
        turn.ok()
            .and_then(Result::ok)
            .ok_or_else(|| RpcError::rate_limited("too many searches run; try again later", 1_000))
    }
}

#[cfg(test)]
mod tests {
    use antiphon_api::ErrorCode;
    use tokio::time::Instant;

    use super::{MAX_SEARCHES, Turns};

    #[tokio::test(start_paused = true)]
    async fn searches_beyond_two_wait_and_are_refused_when_their_turn_does_not_come() {
        let turns = Turns::default();
        let mut held = Vec::new();
        for _ in 0..MAX_SEARCHES {
            held.push(turns.wait().await.expect("there is room"));
        }
        let asked = Instant::now();
        let refusal = turns.wait().await.expect_err("nobody is done");
        assert_eq!(asked.elapsed().as_secs(), 2);
        assert_eq!(refusal.kind(), Some(ErrorCode::RateLimited));
        let (waited, ()) = tokio::join!(turns.wait(), async { held.clear() });
        assert!(waited.is_ok());
    }
}
