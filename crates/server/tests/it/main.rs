//! The server from outside, over its own sockets; a file per promise.

mod archiving;
mod callers;
mod canvases;
mod channels;
mod editing;
mod examples;
mod full;
mod huddles;
mod idempotency;
mod link;
mod mentions;
mod people;
mod permissions;
mod pins;
mod presence;
mod protocol;
mod rates;
mod reactions;
mod reading;
mod search;
mod starting;
mod support;
mod threads;
mod tokens;
mod unread;
mod workspaces;
