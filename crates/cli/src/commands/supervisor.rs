//! What the daemons tell the supervisor that started them: `sd_notify(3)`. Without one, nothing.
//!
//! The watchdog is fed at half its interval, and only by a daemon that goes on: a task of the runtime
//! has run since the last time, and the server's writer has come to a job of its queue. A process whose
//! threads are stuck is alive to everybody else, so that only missing pings end it.

use antiphon_gateway::Running;
use sd_notify::NotifyState;
use tokio::time::{MissedTickBehavior, interval};

/// Calls are answered, or connections accepted.
pub(super) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// It has been asked to stop.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
}

/// Says whether a gateway has its server, whenever that changes; ends with the gateway.
pub(super) async fn watch_link(gateway: &Running) {
    loop {
        tell(&[NotifyState::Status("the server is away")]);
        gateway.linked().await;
        tell(&[NotifyState::Status("linked to the server")]);
        gateway.unlinked().await;
    }
}

/// Feeds the watchdog whenever a task of the runtime has had a `pulse` that was `true`. Never ends.
pub(super) async fn watchdog<P>(pulse: impl Fn() -> P)
where
    P: Future<Output = bool> + Send + 'static,
{
    let Some(limit) = sd_notify::watchdog_enabled() else {
        return std::future::pending().await;
    };
    let mut ticks = interval(limit / 2);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Ok(true) = tokio::spawn(pulse()).await {
            tell(&[NotifyState::Watchdog]);
        }
    }
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "the supervisor cannot be told");
    }
}
