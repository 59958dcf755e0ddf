//! The contract between Antiphon and everybody who talks to it: methods, events, frames,
//! errors and ids. Types only, no I/O.
//!
//! A method is a type that implements [`Method`]; [`methods::METHODS`] lists them. An event is a
//! type that implements [`events::Fact`]; [`events::EVENTS`] lists them. The router,
//! `openrpc.json`, the clients and the command line are derived from these two tables, so a
//! method or event that is not listed does not exist.

pub mod entities;
pub mod error;
pub mod events;
pub mod frame;
pub mod identity;
pub mod ids;
pub mod jsonrpc;
pub mod limits;
pub mod method;
pub mod methods;
pub mod openrpc;
pub mod resume;

pub use error::{ErrorCode, RpcError};
pub use method::{Class, Kind, Method, MethodInfo};

/// The version of the frame protocol, told in every `hello`.
pub const PROTOCOL: u32 = 1;

/// The header of a call on rpc.sock that names the user the operator acts as; anywhere else it is
/// not looked at.
pub const USER_HEADER: &str = "antiphon-user";

/// What this build calls itself in `hello` and `server.health`.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
