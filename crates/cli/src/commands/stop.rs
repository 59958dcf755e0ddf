//! When the daemons stop, and how they end.

use std::{future::ready, time::Duration};

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::supervisor;

/// How long a server whose database failed may take to answer the calls it has.
pub(super) const LAST_WORDS: Duration = Duration::from_secs(2);

/// SIGTERM or SIGINT.
pub(super) struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    /// From here on the signals no longer end the process by themselves.
    pub(super) fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    pub(super) async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Runs `winding_up` to its end, or until asked a second time.
    pub(super) async fn unless_asked_again(&mut self, winding_up: impl Future<Output = ()>) {
        tracing::info!("stopping; ask again to stop at once");
        supervisor::stopping();
        tokio::select! {
            () = winding_up => {}
            () = supervisor::watchdog(|| ready(true)) => {}
            () = self.asked() => tracing::warn!("stopping at once"),
        }
    }
}
