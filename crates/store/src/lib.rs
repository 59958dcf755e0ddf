//! SQLite's machinery and the durable event log.
//!
//! **One writer.** A thread owns the only connection that writes. Callers hand it closures; it
//! runs what has gathered in one transaction, each closure in its own savepoint, and answers after
//! the COMMIT ([`Store::write`]). The order of the log is therefore the order of commits, for
//! everybody. Reads run on a few read-only connections, each in its own snapshot. What callers ask
//! ([`Store::read_within`]) has a time and connections of its own, so that the server's own reads,
//! live delivery among them, never wait for it.
//!
//! **The log** is a transactional outbox: [`Tx::emit`] writes the event and its audience in the
//! transaction of the change itself. An audience is stored by name (a user, a channel, a
//! workspace), never person by person; who that is follows from membership intervals, by one
//! definition used live and in replay (see [`log`]).
//!
//! **Invariants.** An event is in the log if and only if its transaction committed. Positions
//! rise, within one run without a gap; every open skips a random 1 to 2^30 of them, so that
//! positions handed out before a backup was restored are not honoured afterwards. The log always
//! has a newest row: a new database gets one nobody is to hear, whose event is `null`.
//!
//! **What a crash leaves.** Whole batches, each with its events, or nothing of them: answered
//! means on disk (WAL, `synchronous=FULL`). A failed COMMIT is neither done nor undone until the
//! file is opened again, so it is never retried: everybody in that batch hears `indeterminate`,
//! nothing is fanned out, and the process has to end ([`Store::failed`]).
//!
//! **Rejected.** A pool of writers (log order would no longer be commit order), a timer that
//! gathers batches (the queue does it while the disk is busy), `synchronous=NORMAL` (an answered
//! mutation could be lost with the power), memory-mapped I/O.

mod audience;
pub mod backup;
mod error;
pub mod idempotency;
mod job;
pub mod log;
pub mod membership;
mod migrate;
mod open;
pub mod prune;
mod readers;
pub mod revocation;
mod store;
mod tail;
mod tx;
mod writer;

pub use audience::{Audience, MAX_SCOPES, MAX_USERS, Scope};
pub use error::{EmitError, OpenError, ReadError, WriteError};
pub use log::Logged;
pub use migrate::Version;
pub use open::{Batch, OnCommit, Options};
pub use rusqlite;
pub use store::Store;
pub use tail::{Placed, Tail};
pub use tx::Tx;

/// What the functions that take a connection return.
pub type Result<T, E = rusqlite::Error> = std::result::Result<T, E>;
