//! The data folder: where its files are. The store locks it, by way of its database.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use antiphon_store::backup::{self, BackupError, Copied};

/// Where a data folder's sockets are.
#[must_use]
pub fn run_dir(data: &Path) -> PathBuf {
    data.join("run")
}

#[derive(Debug, thiserror::Error)]
#[error("cannot make the folder {path}")]
pub struct FolderError {
    path: String,
    #[source]
    source: io::Error,
}

/// Makes the data folder and the one for its sockets, for the daemon's user and group alone; a folder
/// that is there stays as it is.
pub(crate) fn make(data: &Path) -> Result<(), FolderError> {
    for path in [data, &run_dir(data)] {
        if path.is_dir() {
            continue;
        }
        fs::create_dir_all(path)
            // Whatever the umask: the group comes through to the sockets.
            .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o750)))
            .map_err(|source| FolderError {
                path: path.display().to_string(),
                source,
            })?;
    }
    Ok(())
}

/// Copies the database of a data folder, which a server may be using, to a file that must not be
/// there.
pub fn backup(data: &Path, to: &Path) -> Result<Copied, BackupError> {
    backup::copy(&database(data), to)
}

/// Reads a whole database, which a server may be using, for damage.
pub fn quick_check(database: &Path) -> Result<(), BackupError> {
    backup::quick_check(database)
}

/// Where a data folder's database is.
#[must_use]
pub fn database(data: &Path) -> PathBuf {
    data.join("antiphon.db")
}
