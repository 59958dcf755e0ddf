//! A connected tab: one task that pulls from its session when its connection can take something.
//!
//! A WebSocket and an event stream differ in how a frame is written and in that the former talks
//! back; what is sent, and when, is the session core's business.

pub(crate) mod socket;
pub(crate) mod sse;

mod frames;
mod inbound;
mod wire;

use antiphon_api::ids::{Pos, Principal};
use antiphon_session::LogPage;

use crate::replay::Replays;

/// How much a tab's task renders before it writes, in bytes.
const WRITE_BYTES: usize = 64 << 10;

/// A page of the log that a tab waits for.
#[derive(Clone, Copy)]
struct Need {
    after: Pos,
    through: Pos,
}

/// Asks the server for it. `None` closes the tab: it comes back and is told what is possible.
async fn fetch(replays: &Replays, principal: Principal, need: Need) -> Option<LogPage> {
    match replays.go_on(principal, need.after, need.through).await {
        Ok(page) => {
            let (after, through) = (need.after.get(), need.through.get());
            let events = page.as_ref().map(|page| page.entries.len());
            tracing::debug!(after, through, events, "a tab was sent to the log");
            page
        }
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a replay cannot be finished"
            );
            None
        }
    }
}
