//! The edge: one session per user, one socket per tab.
//!
//! The gateway follows the server's log over one link ([`link`]) and keeps the sessions that are
//! told by it ([`directory`]): shards of the sans-I/O core of `antiphon-session`, each behind a
//! short mutex. Every connected tab is one task ([`tab`]) that pulls from its session when its
//! socket can take something. Calls are passed on to the server as they came.
//!
//! It knows no domain: an event is bytes with a list of recipients, a method is a name it does
//! not read. It believes nothing about its clients but their tokens ([`auth`]).
//!
//! When the process dies nothing is lost: the log is the server's, and clients come back with
//! their positions. When the server dies, tabs stay, calls are answered `unavailable`, and the
//! link goes on where it was as soon as there is a server again.

mod attach;
mod auth;
mod calls;
mod caps;
mod clock;
mod config;
mod directory;
mod gateway;
mod http;
mod leases;
mod link;
mod metrics;
pub mod probe;
mod replay;
mod request_id;
mod run;
mod span;
mod tab;

pub use antiphon_session::Config as SessionConfig;
pub use auth::{NotANetwork, NotAnOrigin, Origins, Proxies};
pub use caps::Caps;
pub use config::Config;
pub use probe::reachable;
pub use run::{Running, StartError, start};
