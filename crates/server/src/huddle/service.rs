//! The clock, the questions, and the ends.

use std::{error::Error, sync::Arc, time::Duration};

use antiphon_api::ids::{HuddleLease, UnixMs, UserId};
use parking_lot::Mutex;
use tokio::{
    sync::Notify,
    time::{Instant, MissedTickBehavior},
};

use super::{Ghosts, Leases, Livekit, Seat, ghosts::Room};
use crate::{
    clock,
    context::{Failure, Shared},
    families,
};

/// How often LiveKit is asked who is there.
const LOOK: Duration = Duration::from_secs(15);

/// Whose lease lasts how long. Methods feed it.
#[derive(Default)]
pub(crate) struct Huddles {
    leases: Mutex<Leases>,
    changed: Notify,
}

impl Huddles {
    /// Leases that were given or renewed.
    pub(crate) fn taken(&self, leases: &[(UserId, HuddleLease)]) {
        if leases.is_empty() {
            return;
        }
        let now = Instant::now().into_std();
        let mut held = self.leases.lock();
        for (user, lease) in leases {
            held.handle_taken(*user, *lease, now);
        }
        drop(held);
        self.changed.notify_one();
    }

    pub(super) fn take_ended(&self) -> Vec<(UserId, HuddleLease)> {
        let now = Instant::now().into_std();
        self.leases.lock().handle_timeout(now)
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.leases.lock().poll_timeout().map(Instant::from_std)
    }
}

/// Ends the stays whose leases run out, until dropped.
pub(crate) async fn follow(shared: Arc<Shared>) {
    loop {
        let ended = shared.huddles.take_ended();
        if let Err(error) = lose(&shared, ended.clone()).await {
            tracing::warn!(
                error = &error as &dyn Error,
                "huddles go on past their leases; trying again"
            );
            shared.huddles.taken(&ended);
        }
        let timer = async {
            match shared.huddles.poll_timeout() {
                Some(due) => tokio::time::sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = shared.huddles.changed.notified() => {}
            () = timer => {}
        }
    }
}

pub(super) async fn lose(
    shared: &Arc<Shared>,
    ended: Vec<(UserId, HuddleLease)>,
) -> Result<(), Failure> {
    if ended.is_empty() {
        return Ok(());
    }
    let lose = shared.work(move |work| {
        for (user, lease) in ended {
            families::lose(work, user, lease)?;
        }
        Ok(())
    });
    lose.await
}

/// Asks LiveKit who is there, again and again, until dropped.
pub(crate) async fn watch(shared: Arc<Shared>) {
    let Some(livekit) = &shared.livekit else {
        return;
    };
    let mut ghosts = Ghosts::default();
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = look(&shared, livekit, &mut ghosts, clock::now()).await {
            tracing::warn!(
                error = &error as &dyn Error,
                "cannot compare huddles with LiveKit; trying again"
            );
        }
    }
}

/// One look at all rooms: ends the stays of those who are not there, and puts those out who are
/// there and sit in no huddle.
pub(super) async fn look(
    shared: &Arc<Shared>,
    livekit: &Livekit,
    ghosts: &mut Ghosts,
    now: UnixMs,
) -> Result<(), Failure> {
    let mut rooms = ghosts.rooms(seats(shared).await?);
    ask(livekit, &mut rooms, now).await;
    let absent = ghosts.handle_look(&rooms, now);
    let ended = absent.into_iter().map(|seat| (seat.user, seat.lease));
    lose(shared, ended.collect()).await?;
    // Whoever has come since the question had a seat first.
    let seats = seats(shared).await?;
    for room in &rooms {
        for user in room.strangers(&seats) {
            if let Err(error) = livekit.put_out(room.huddle_id, user, now).await {
                let error = &error as &dyn Error;
                tracing::warn!(error, user = user.get(), "somebody stays in a room");
                return Ok(());
            }
        }
    }
    Ok(())
}

async fn seats(shared: &Shared) -> Result<Vec<Seat>, Failure> {
    let read = shared
        .store
        .read(|db| Ok::<_, Failure>(families::all_seats(db)?));
    read.await.map_err(Into::into)
}

/// One room after the other; once LiveKit does not answer at all, the rest is in doubt unasked.
async fn ask(livekit: &Livekit, rooms: &mut [Room], now: UnixMs) {
    for room in rooms {
        match livekit.ask(room.huddle_id, now).await {
            Ok(there) => room.there = Some(there),
            Err(failed) => {
                let (error, huddle) = (&failed as &dyn Error, room.huddle_id.get());
                tracing::warn!(error, huddle, "it is not known who is in a huddle's room");
                if failed.is_for_all_rooms() {
                    return;
                }
            }
        }
    }
}
