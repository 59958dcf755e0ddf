//! What can go wrong, a type per operation.

use std::{io, path::PathBuf};

use crate::migrate::Version;

/// The database could not be opened; each message says what its reader can do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "the database was written by a newer version of the program (it has {found}, this program knows {known}): \
         start that version again, or restore a backup made before it"
    )]
    NewerDatabase { found: Version, known: Version },
    #[error("{path} is in use by another process: stop it first")]
    InUse { path: PathBuf },
    #[error("cannot lock {path}: check that its folder exists and is writable")]
    Lock { path: PathBuf, source: io::Error },
    #[error("cannot open the database {path}: check that it is a database and is writable")]
    Open {
        path: PathBuf,
        source: rusqlite::Error,
    },
    #[error(
        "cannot bring the database to {version}; it was left as it was before that step: \
         report this, and start the previous version meanwhile"
    )]
    Migrate {
        version: Version,
        source: rusqlite::Error,
    },
    #[error("SQLite {found} can corrupt a database in WAL mode: build with 3.51.3 or later")]
    OldSqlite { found: &'static str },
    #[error("the log has used up its positions: export the data into a new database")]
    OutOfPositions,
    #[error("the system gives no random numbers")]
    Random(#[source] getrandom::Error),
    #[error("cannot start the writer thread")]
    Thread(#[source] io::Error),
}

/// A write did not happen, or nobody knows whether it did.
#[derive(Debug, thiserror::Error)]
pub enum WriteError<E> {
    /// The closure's own error; what it did is rolled back.
    #[error("refused by the operation itself")]
    Refused(E),
    /// The closure panicked; what it did is rolled back.
    #[error("the operation panicked")]
    Panicked,
    /// The writer is gone. `indeterminate`: the closure ran, and whether its batch reached the
    /// disk is known only when the database is opened again. Otherwise it never began.
    #[error("the store takes no writes (indeterminate: {indeterminate})")]
    Unavailable { indeterminate: bool },
}

/// A read gave no result.
#[derive(Debug, thiserror::Error)]
pub enum ReadError<E> {
    /// The closure's own error.
    #[error("refused by the operation itself")]
    Refused(E),
    #[error("the operation panicked")]
    Panicked,
    /// It was cut short after the time it had.
    #[error("the operation took too long")]
    Late,
    #[error("cannot begin to read")]
    Sqlite(#[source] rusqlite::Error),
    #[error("the store is closed")]
    Closed,
}

/// An event was not appended. The closure should fail with it; nothing else was changed.
#[derive(Debug, thiserror::Error)]
pub enum EmitError {
    #[error("the event is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the audience names more than {limit} {what}")]
    AudienceTooWide { what: &'static str, limit: usize },
    #[error("the event is not JSON")]
    NotJson(#[source] serde_json::Error),
    #[error("the log has used up its positions")]
    OutOfPositions,
    #[error("the transaction has ended before its time")]
    TransactionLost,
    #[error("cannot append to the log")]
    Sqlite(#[from] rusqlite::Error),
}
