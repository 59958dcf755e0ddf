//! The server from outside, over its own sockets; a file per promise.

mod callers;
mod canvases;
mod equation;
mod idempotency;
mod link;
mod permissions;
mod presence;
mod protocol;
mod rates;
mod reading;
mod starting;
mod support;
mod tokens;
