//! The data folder: who may use it, and where its files are.

use std::{
    fs::{self, File, TryLockError},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

/// The sockets' names inside [`run_dir`].
pub const RPC_SOCKET: &str = "rpc.sock";
pub const EVENTS_SOCKET: &str = "events.sock";

/// Where a data folder's sockets are.
#[must_use]
pub fn run_dir(data: &Path) -> PathBuf {
    data.join("run")
}

#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("cannot make the data folder {path}")]
    Make {
        path: String,
        #[source]
        source: io::Error,
    },
    #[error("cannot lock {path}")]
    Lock {
        path: String,
        #[source]
        source: io::Error,
    },
    #[error(
        "the data folder {0} is in use by another antiphon server; stop that one, or choose \
         another folder with --data"
    )]
    InUse(String),
}

/// A data folder that is ours until this is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// The kernel lets go of the lock when the file is closed, however the process ends.
    _lock: File,
}

impl Folder {
    pub(crate) fn open(path: &Path) -> Result<Self, FolderError> {
        make(path)?;
        make(&run_dir(path))?;
        let lock = path.join("lock");
        let failed = |source| FolderError::Lock { path: lock.display().to_string(), source };
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: file }),
            Err(TryLockError::WouldBlock) => Err(FolderError::InUse(path.display().to_string())),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("antiphon.db")
    }

    pub(crate) fn socket(&self, name: &str) -> PathBuf {
        run_dir(&self.path).join(name)
    }
}

fn make(path: &Path) -> Result<(), FolderError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o750)
        .create(path)
        .map_err(|source| FolderError::Make { path: path.display().to_string(), source })
}
