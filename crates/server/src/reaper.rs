//! What has to end by itself: old log rows, used-up keys, statuses and claims that have ended,
//! tickets, tokens, budgets, what was deleted.

use std::{sync::Arc, time::Duration};

use antiphon_store::{prune, prune::Retention};
use tokio::time::MissedTickBehavior;

use crate::{
    clock,
    context::{Failure, Shared},
    families,
};

/// How often tickets, and who has typed, are looked at.
const TICK: Duration = Duration::from_secs(1);
/// How many ticks lie between two looks at the log's age and length, and at what was deleted.
const TICKS_PER_PRUNE: u64 = 10;

/// Ends what is due, until dropped.
pub(crate) async fn follow(shared: Arc<Shared>, retention: Retention) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for tick in 0_u64.. {
        ticks.tick().await;
        let now = clock::now();
        shared.tickets.forget_expired(now);
        shared.typing.forget_paused(now);
        if tick % TICKS_PER_PRUNE != 0 {
            continue;
        }
        shared.budgets.forget_whole();
        if let Err(error) = prune(&shared, retention).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "cannot end what is due; trying again"
            );
        }
    }
}

/// In small steps, so that other writes go in between.
async fn prune(shared: &Shared, retention: Retention) -> Result<(), Failure> {
    let now = clock::now();
    shared
        .store
        .write(move |tx| Ok::<_, Failure>(families::forget_ended_presence(tx, now)?))
        .await?;
    while shared
        .store
        .write(move |tx| {
            let more = families::forget_ended_tokens(tx, now)?;
            Ok::<_, Failure>(prune::step(tx, &retention, now)? || more)
        })
        .await?
    {}
    while shared
        .store
        .write(|tx| Ok::<_, Failure>(families::purge(tx)?))
        .await?
    {}
    Ok(())
}
