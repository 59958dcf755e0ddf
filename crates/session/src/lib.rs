//! The heart of the gateway: per-user sessions, each with a ring of the newest events and any
//! number of tabs that read it. No sockets, no clock, no tasks, no locks; events are bytes.
//!
//! # One code path
//! A tab is a cursor into its user's events. Live delivery, resume and a slow reader are the same
//! question, "what comes after my cursor", answered from the session's ring where it reaches that
//! far and else from the server's log. So there is no queue of events per tab, publishing waits
//! for nobody, and a ring can be trimmed at any time.
//!
//! # How it is driven
//! A gateway holds some [`Shard`]s, each behind a mutex. Things that happen go in through `publish`,
//! `attach`, `detach` and `handle_*`; after each, the tab's task takes what there is out of
//! [`Shard::outputs`] until there is none, and sleeps until [`Shard::poll_timeout`], until its
//! socket moves, or until the tab is in a `wake` list. When only the server's log can help, the
//! core says so ([`Attach::NeedsLog`], [`Output::NeedLog`]) and is given the answer later.
//!
//! # What holds
//! - `seq` rises by one per event of a session and is the same number in all its tabs.
//! - A session's ring is whole from its floor on: the shard's position when the session was created,
//!   then the position of the newest evicted entry.
//! - What a tab is sent is exactly its user's events after where the client was, in order, once;
//!   numbered from the ring, without numbers from the log. `live` comes when that is whole as far
//!   as the shard was at the attach. A tab that falls off the ring gets pages of the log and
//!   another `live`.
//! - Only the server decides whether a position is known. The core honours by itself one that the
//!   gateway has seen pass.
//! - Nothing a client sends or fails to read makes anything here grow past a bound of [`Config`].
//!
//! A crash loses sessions, never events: clients come back with their `pos`.

mod config;
mod cursor;
mod entry;
mod heartbeat;
mod limits;
mod outbox;
mod outputs;
mod resume;
mod ring;
mod session;
mod shard;
mod survey;
mod tab;
mod tabs;
mod traffic;

pub use config::Config;
pub use entry::Entry;
pub use outputs::Outputs;
pub use resume::{Attach, LogAnswer, LogPage, NewTab, Outcome, Resume};
pub use shard::Shard;
pub use survey::Survey;
pub use traffic::{Now, Output, Received, TabId, TabKey};
