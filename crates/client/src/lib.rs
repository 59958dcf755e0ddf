//! The Rust client of Antiphon.
//!
//! [`rpc`] calls methods, over the server's Unix socket or a gateway's HTTP.

pub mod rpc;

pub use rpc::{CallError, Rpc, TransportError};
