//! The store from outside, a file per promise.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

mod commit;
mod death;
mod entitlement;
mod memory;
mod positions;
mod reading;
mod replay;
mod support;
