//! The fixtures of the tests that look at Antiphon from outside: real processes, and clients that
//! know the protocol's page and none of its code.
//!
//! Everything here blocks and is bounded in time; a wait that takes longer than [`PATIENCE`] is a
//! failure that says what was waited for. Processes are killed when their handle is dropped.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a fixture that fails fails the test"
)]

mod begun;
mod events;
mod follower;
mod http;
mod install;
mod process;
mod proxy;
mod rng;
mod scrape;
mod secured;
mod supervisor;
mod tab;

use std::time::Duration;

pub use begun::{Begun, pos};
pub use events::{Event, EventStream};
pub use follower::Follower;
pub use http::{Answer, Http};
pub use install::{Install, Node, free_address};
pub use process::{Process, binary, example};
pub use proxy::Proxy;
pub use rng::Rng;
pub use scrape::Scrape;
pub use secured::{Secured, base64url, unbase64url};
pub use supervisor::Supervisor;
pub use tab::{Closed, Refused, Tab, is_logged};

/// How long anything is waited for.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until `condition` gives something; panics with `what` when it never does.
pub fn eventually<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let until = now() + PATIENCE;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(now() < until, "waited {PATIENCE:?} in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The time, for what is to happen within some of it.
#[expect(
    clippy::disallowed_methods,
    reason = "real processes live in real time"
)]
pub fn now() -> std::time::Instant {
    std::time::Instant::now()
}
