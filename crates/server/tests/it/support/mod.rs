//! A server in a folder of its own, and who talks to it.

mod house;
mod http;
mod link;
mod talk;

pub(crate) use house::{House, call, must, refused};
pub(crate) use http::{Answer, post, raw};
pub(crate) use link::{Heard, Link};
pub(crate) use talk::{Talk, counts, ids};

use std::{future::Future, time::Duration};

/// What is awaited comes much sooner than this, or a test has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for `what`, but not for ever.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited in vain for {what}"),
    }
}
