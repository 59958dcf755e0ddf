//! A copy of a database that may be in use.
//!
//! Everything is read in one transaction, which holds up no writer (WAL), so that the copy is the
//! database as it was at one position, however much is written meanwhile.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use antiphon_api::ids::Pos;
use rusqlite::{Connection, backup::Backup};

use crate::{log, open};

/// While it is copied the file has this behind its name.
const UNFINISHED: &str = ".unfinished";
/// How long it is rested when another process holds the database.
const REST: Duration = Duration::from_millis(50);

/// What a copy holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The log's newest position in it.
    pub head: Pos,
    /// How large the file is.
    pub bytes: u64,
}

/// There is no copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{path} exists; name a file that does not")]
    Exists { path: PathBuf },
    #[error("cannot write {path}")]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("cannot read the database {path}")]
    Read {
        path: PathBuf,
        #[source]
        source: rusqlite::Error,
    },
    #[error("cannot copy the database to {path}")]
    Copy {
        path: PathBuf,
        #[source]
        source: rusqlite::Error,
    },
    #[error("the copy is damaged, and so may the database be: {first}")]
    Damaged { first: String },
    #[error("the database {path} is damaged: {first}")]
    DamagedItself { path: PathBuf, first: String },
}

/// Reads the database `path`, which may be in use, for damage; its indexes are not held against their
/// tables, which a copy's are.
pub fn quick_check(path: &Path) -> Result<(), BackupError> {
    let verdict: rusqlite::Result<String> = open::reader(path)
        .and_then(|db| db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)));
    let path = path.to_owned();
    match verdict {
        Ok(verdict) if verdict == "ok" => Ok(()),
        Ok(first) => Err(BackupError::DamagedItself { path, first }),
        Err(source) => Err(BackupError::Read { path, source }),
    }
}

/// Copies the database `from` to the file `to`, which must not be there, for its owner alone to
/// read. When this returns, the copy is whole, checked and on disk; when it fails, there is none.
pub fn copy(from: &Path, to: &Path) -> Result<Copied, BackupError> {
    if to.exists() {
        let path = to.to_owned();
        return Err(BackupError::Exists { path });
    }
    let mut unfinished = to.as_os_str().to_owned();
    unfinished.push(UNFINISHED);
    let unfinished = PathBuf::from(unfinished);
    let copied = write(from, &unfinished).and_then(|copied| {
        settle(&unfinished, to)?;
        Ok(copied)
    });
    if copied.is_err() {
        // What is left of it is told apart by its name.
        let _ = fs::remove_file(&unfinished);
    }
    copied
}

fn write(from: &Path, to: &Path) -> Result<Copied, BackupError> {
    let read = |source| BackupError::Read {
        path: from.to_owned(),
        source,
    };
    let copy = |source| BackupError::Copy {
        path: to.to_owned(),
        source,
    };
    let source = open::reader(from).map_err(read)?;
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(to);
    drop(file.map_err(unwritten(to))?);
    let mut target = Connection::open(to).map_err(copy)?;
    Backup::new(&source, &mut target)
        .and_then(|backup| backup.run_to_completion(i32::MAX, REST, None))
        .map_err(copy)?;
    let verdict: String = target
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(copy)?;
    if verdict != "ok" {
        return Err(BackupError::Damaged { first: verdict });
    }
    let head = log::head(&target).map_err(copy)?;
    target.close().map_err(|(_, source)| copy(source))?;
    let bytes = fs::metadata(to).map_err(unwritten(to))?.len();
    Ok(Copied { head, bytes })
}

/// Gives a finished file its name, for good.
fn settle(unfinished: &Path, to: &Path) -> Result<(), BackupError> {
    let synced = |path: &Path| File::open(path)?.sync_all();
    let folder = match to.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    synced(unfinished)
        .and_then(|()| fs::rename(unfinished, to))
        .and_then(|()| synced(folder))
        .map_err(unwritten(to))
}

fn unwritten(path: &Path) -> impl Fn(io::Error) -> BackupError {
    |source| BackupError::Write {
        path: path.to_owned(),
        source,
    }
}
