//! The Rust client of Antiphon.
//!
//! [`rpc`] calls methods. [`stream`] is one tab as it is, frame by frame; [`follow`] is a tab that
//! comes back by itself and applies the client's rules, which stand without any I/O in
//! [`cursor`]; [`state`] is what an application keeps from a snapshot and the events after it.

pub mod cursor;
pub mod follow;
pub mod rpc;
pub mod state;
pub mod stream;

pub use follow::{Follow, Update};
pub use rpc::{CallError, Rpc, TransportError};
pub use state::State;
pub use stream::{Auth, Stream, Target};
