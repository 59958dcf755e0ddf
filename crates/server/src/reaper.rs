//! What has to end by itself: old log rows, used-up keys, statuses, tickets, tokens,
//! budgets.

use std::{sync::Arc, time::Duration};

use antiphon_store::{prune, prune::Retention};
use tokio::time::MissedTickBehavior;

use crate::{
    clock,
    context::{Failure, Shared},
    families,
};

/// How often statuses and tickets are looked at.
const TICK: Duration = Duration::from_secs(1);
/// How many ticks lie between two looks at the log's age and length.
const TICKS_PER_PRUNE: u64 = 10;

/// Ends what is due, until dropped.
pub(crate) async fn follow(shared: Arc<Shared>, retention: Retention) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for tick in 0_u64.. {
        ticks.tick().await;
        shared.tickets.forget_expired(clock::now());
        let mut result = expire_statuses(&shared).await;
        if tick % TICKS_PER_PRUNE == 0 && result.is_ok() {
            shared.budgets.forget_whole();
            result = prune(&shared, retention).await;
        }
        if let Err(error) = result {
            tracing::warn!(?error, "cannot end what is due; trying again");
        }
    }
}

async fn expire_statuses(shared: &Shared) -> Result<(), Failure> {
    let now = clock::now();
    let due = shared
        .store
        .read(move |db| Ok::<_, Failure>(families::has_expired_status(db, now)?));
    if !due.await? {
        return Ok(());
    }
    let ended = shared
        .store
        .write(move |tx| Ok::<_, Failure>(families::expire_statuses(tx, now)?));
    shared.presence.statuses_changed(&ended.await?);
    Ok(())
}

/// In small steps, so that other writes go in between.
async fn prune(shared: &Shared, retention: Retention) -> Result<(), Failure> {
    let now = clock::now();
    while shared
        .store
        .write(move |tx| {
            let more = families::forget_ended_tokens(tx, now)?;
            Ok::<_, Failure>(prune::step(tx, &retention, now)? || more)
        })
        .await?
    {}
    Ok(())
}
