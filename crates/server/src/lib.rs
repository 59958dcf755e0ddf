//! The authority: methods, permissions, audiences, the log, presence.
//!
//! A request comes in through [`rpc`], finds its method in the router and runs as a function over
//! one transaction: a mutation on the writer thread, a query on a reader. All that a method can
//! tell anybody it says by emitting `(audience, event)` inside that transaction. What was
//! committed is picked up by [`fanout`], which resolves who is to hear it and sends it to every
//! gateway that is linked. [`presence`] alone says who is there, from the gateways' leases.
//!
//! The server never touches a WebSocket, and nobody who writes waits for a gateway.
//!
//! When the process dies, everything answered is on disk and everything on disk is in the log; a
//! gateway comes back with its position and is sent the rest. Tickets and what tabs say of
//! presence die with the process: tickets last 30 s, and gateways send all their leases first. Claims
//! and status texts are stored.

mod clock;
mod config;
mod context;
mod deadlines;
mod demo;
mod families;
mod fanout;
mod folder;
mod huddle;
mod limits;
mod listen;
mod metrics;
mod presence;
mod reaper;
mod rpc;
mod run;
mod stop;
mod tickets;
mod typing;

pub use antiphon_store::{
    backup::{BackupError, Copied},
    prune::Retention,
};
pub use antiphon_wire::{EVENTS_SOCKET, RPC_SOCKET};
pub use config::{Config, Inherited};
pub use folder::{FolderError, backup, database, quick_check, run_dir};
pub use huddle::{BadLivekit, Livekit};
pub use limits::{Limits, Rate};
pub use listen::ListenError;
pub use run::{Running, StartError, start};
