//! The server from outside, over its own sockets; a file per promise.

mod callers;
mod editing;
mod equation;
mod idempotency;
mod link;
mod mentions;
mod permissions;
mod pins;
mod presence;
mod protocol;
mod reactions;
mod reading;
mod search;
mod starting;
mod support;
mod threads;
mod unread;
