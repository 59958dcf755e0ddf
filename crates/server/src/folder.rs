//! The data folder: where its files are. The store locks it, by way of its database.

use std::{
    fs, io,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
};

use antiphon_store::backup::{self, BackupError, Copied};

/// Where a data folder's sockets are.
#[must_use]
pub fn run_dir(data: &Path) -> PathBuf {
    data.join("run")
}

#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("cannot make the folder {path}")]
    Make {
        path: String,
        #[source]
        source: io::Error,
    },
    #[error(
        "cannot give the folder {path} to group {group}: it must belong to the daemon's user, who \
         must be in that group"
    )]
    Give {
        path: String,
        group: u32,
        #[source]
        source: io::Error,
    },
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
            .map_err(|source| FolderError::Make {
                path: path.display().to_string(),
                source,
            })?;
    }
    Ok(())
}

/// Lets a group through to the sockets: into their folder, and past the database to it.
pub(crate) fn open_to(data: &Path, group: u32) -> Result<(), FolderError> {
    for (path, may) in [(data, 0o010), (&run_dir(data), 0o050)] {
        let opened = || {
            let others = fs::metadata(path)?.permissions().mode() & 0o707;
            fs::set_permissions(path, fs::Permissions::from_mode(others | may))?;
            give_to(path, Some(group))
        };
        opened().map_err(|source| FolderError::Give {
            path: path.display().to_string(),
            group,
            source,
        })?;
    }
    Ok(())
}

/// Makes a file a group's, if one is given.
pub(crate) fn give_to(path: &Path, group: Option<u32>) -> io::Result<()> {
    match group {
        Some(_) => chown(path, None, group),
        None => Ok(()),
    }
}

/// Copies the database of a data folder, which a server may be using, to a file that must not be
/// there.
pub fn backup(data: &Path, to: &Path) -> Result<Copied, BackupError> {
    backup::copy(&database(data), to)
}

/// Reads the whole database of a data folder, which a server may be using, for damage.
pub fn quick_check(data: &Path) -> Result<(), BackupError> {
    backup::quick_check(&database(data))
}

/// Where a data folder's database is.
#[must_use]
pub fn database(data: &Path) -> PathBuf {
    data.join("antiphon.db")
}
