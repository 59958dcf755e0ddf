//! The server from outside, over its own sockets; a file per promise.

mod archiving;
mod callers;
mod channels;
mod examples;
mod huddles;
mod idempotency;
mod link;
mod people;
mod permissions;
mod presence;
mod protocol;
mod reading;
mod starting;
mod support;
mod workspaces;
