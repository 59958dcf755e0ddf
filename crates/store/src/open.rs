//! Opening: one process per database, its version, its connections, its first position.

use std::{
    fs::{File, TryLockError},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use antiphon_api::ids::{MAX_SAFE_INTEGER, Pos};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::{OpenError, Result, log, migrate};

/// The first SQLite without the WAL-reset bug, which corrupts.
const OLDEST_SQLITE: i32 = 3_051_003;

/// How long a connection waits for another's lock before it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// After a commit that leaves this many pages (of 4 KiB) in the WAL, they are moved to the file.
const CHECKPOINT_PAGES: i64 = 4_000;

/// Statements a connection keeps prepared.
const STATEMENT_CACHE: usize = 256;

/// An open skips at most this many positions.
const MAX_SKIP: u64 = 1 << 30;

/// A store is not opened with fewer positions than this left to emit.
const MIN_POSITIONS_LEFT: i64 = 1 << 32;

/// How to open a [`Store`](crate::Store).
#[derive(Clone)]
pub struct Options {
    /// The database file, on a local file system. Beside it come `-wal`, `-shm` and `.lock`.
    pub path: PathBuf,
    /// The server's migrations in order, run after the store's own; only ever appended to.
    pub migrations: &'static [&'static str],
    /// Connections for [`Store::read_within`](crate::Store::read_within), and so such reads that
    /// run at once; others wait. At least 1 is used.
    pub readers: usize,
    /// The largest event, in bytes of JSON.
    pub max_event_bytes: usize,
    /// The most events kept in memory.
    pub tail_events: usize,
    /// The most bytes of events kept in memory.
    pub tail_bytes: usize,
    /// Told of every batch, on the writer's thread: it must not wait.
    pub on_commit: Option<OnCommit>,
}

/// Who is told of every batch that is on disk.
pub type OnCommit = Arc<dyn Fn(Batch) + Send + Sync>;

/// A batch of writes that is on disk.
#[derive(Clone, Copy, Debug)]
pub struct Batch {
    /// Closures run in it, also those that failed.
    pub writes: usize,
    /// From the beginning of its transaction to the end of its COMMIT.
    pub whole: Duration,
    /// Its COMMIT alone, which waits for the disk.
    pub commit: Duration,
}

impl Options {
    /// 4 readers; a tail of 4,096 events and 16 MiB.
    #[must_use]
    pub fn new(
        path: impl Into<PathBuf>,
        migrations: &'static [&'static str],
        max_event_bytes: usize,
    ) -> Self {
        Self {
            path: path.into(),
            migrations,
            readers: 4,
            max_event_bytes,
            tail_events: 4_096,
            tail_bytes: 16 << 20,
            on_commit: None,
        }
    }
}

/// A database ready to be written to by this process alone.
pub(crate) struct Opened {
    pub(crate) conn: Connection,
    /// Held as long as the database is open; the system lets it go with the process.
    pub(crate) lock: File,
    pub(crate) head: Pos,
    /// The position the first event will get.
    pub(crate) next: Pos,
}

pub(crate) fn open(options: &Options) -> Result<Opened, OpenError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        let found = rusqlite::version();
        return Err(OpenError::OldSqlite { found });
    }
    let lock = lock(&options.path)?;
    let failed = |source| OpenError::Open {
        path: options.path.clone(),
        source,
    };
    make(&options.path);
    let mut conn = Connection::open_with_flags(&options.path, writer_flags()).map_err(failed)?;
    conn.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
    let version = migrate::check(&conn, options.migrations).map_err(failed)??;
    prepare_writer(&conn).map_err(failed)?;
    migrate::run(&mut conn, version, options.migrations)?;
    let (head, next) = begin_epoch(&mut conn, random_skip()?).map_err(failed)?;
    if next.get() > MAX_SAFE_INTEGER - MIN_POSITIONS_LEFT {
        return Err(OpenError::OutOfPositions);
    }
    Ok(Opened {
        conn,
        lock,
        head,
        next,
    })
}

/// Makes the file, if it is not there, for its owner alone; what SQLite puts beside it becomes like it.
fn make(path: &Path) {
    let mut options = File::options();
    options.write(true).create(true).truncate(false).mode(0o600);
    // Why it cannot be made SQLite says, too.
    drop(options.open(path));
}

/// A connection that cannot write.
pub(crate) fn reader(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    conn.pragma_update(None, "query_only", true)?;
    Ok(conn)
}

fn writer_flags() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

/// The lock is on a file of its own: closing any other descriptor of the database within the
/// process would drop SQLite's locks on it.
fn lock(database: &Path) -> Result<File, OpenError> {
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    let path = PathBuf::from(path);
    let failed = |source| OpenError::Lock {
        path: path.clone(),
        source,
    };
    let file = File::create(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse {
            path: database.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn prepare_writer(conn: &Connection) -> Result<()> {
    conn.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    if cfg!(target_os = "macos") {
        conn.pragma_update(None, "fullfsync", true)?;
        conn.pragma_update(None, "checkpoint_fullfsync", true)?;
    }
    Ok(())
}

fn random_skip() -> Result<i64, OpenError> {
    let random = getrandom::u64().map_err(OpenError::Random)?;
    Ok(i64::try_from(random % MAX_SKIP).unwrap_or(0) + 1)
}

/// Moves the log's sequence on by `skip` and commits that, so that no position handed out by an
/// earlier run, be it only as the start of a membership, is given again.
fn begin_epoch(conn: &mut Connection, skip: i64) -> Result<(Pos, Pos)> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if log::newest(&tx)?.is_none() {
        tx.execute(
            "INSERT INTO log (pos, at, event) VALUES (?1, 0, 'null')",
            [skip],
        )?;
        tx.execute(
            "INSERT INTO epoch (first_pos, rows_before) VALUES (?1, 0)",
            [skip],
        )?;
    }
    let head = log::head(&tx)?;
    let rows_before = log::ordinal(&tx, head)? + 1;
    tx.execute("DELETE FROM epoch WHERE first_pos > ?1", [head.get()])?;
    let last: i64 = tx.query_row(
        "UPDATE sqlite_sequence SET seq = seq + ?1 WHERE name = 'log' RETURNING seq",
        [skip],
        |row| row.get(0),
    )?;
    tx.execute(
        "INSERT INTO epoch (first_pos, rows_before) VALUES (?1, ?2)",
        [last + 1, rows_before],
    )?;
    tx.commit()?;
    Ok((head, Pos(last + 1)))
}

#[cfg(test)]
mod tests {
    use super::{MAX_SKIP, random_skip};

    #[test]
    fn a_skip_is_from_1_to_2_to_the_30() {
        let in_range = |skip| (1..=i64::try_from(MAX_SKIP).unwrap()).contains(&skip);
        assert!((0..1_000).all(|_| in_range(random_skip().unwrap())));
    }
}
