//! The server from outside, over its own sockets; a file per promise.

mod callers;
mod examples;
mod huddles;
mod idempotency;
mod link;
mod permissions;
mod presence;
mod protocol;
mod reading;
mod starting;
mod support;
