//! The server's sockets: who may connect to them.
//!
//! A Unix socket is made with mode 0660 inside a folder of mode 0750, and each peer's credentials
//! are checked all the same: its uid must be the daemon's or root's, or its gid the socket's
//! group, which is the daemon's own unless configured. The mode alone is not relied upon (unix(7): other systems ignore it).

use std::{
    fs,
    io::{self, ErrorKind},
    net::SocketAddr,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        net,
    },
    path::{Path, PathBuf},
};

use antiphon_wire::MAX_SOCKET_PATH;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
};

use crate::folder;

#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error(
        "the socket path {path} has {} bytes, a Unix socket's may have {MAX_SOCKET_PATH}; choose \
         a shorter --data folder", path.len()
    )]
    PathTooLong { path: String },
    #[error("cannot listen on {address}")]
    Bind {
        address: String,
        #[source]
        source: io::Error,
    },
    #[error("a socket to listen on cannot be used; it needs a path")]
    Inherit(#[source] io::Error),
    #[error("{address} is in use by another program; choose another address")]
    InUse { address: String },
}

impl ListenError {
    fn bind(address: String, source: io::Error) -> Self {
        if source.kind() == ErrorKind::AddrInUse {
            Self::InUse { address }
        } else {
            Self::Bind { address, source }
        }
    }
}

/// A Unix socket that only the daemon's user, root and the socket's group may talk to.
pub(crate) struct PrivateListener {
    listener: UnixListener,
    uid: u32,
    gid: u32,
}

impl PrivateListener {
    /// Replaces a socket that a killed server left behind. The caller holds the folder's lock, so
    /// nobody else is listening on it.
    pub(crate) fn bind(path: &Path, group: Option<u32>) -> Result<Self, ListenError> {
        let shown = path.display().to_string();
        if shown.len() > MAX_SOCKET_PATH {
            return Err(ListenError::PathTooLong { path: shown });
        }
        let bound = || {
            match fs::remove_file(path) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let listener = UnixListener::bind(path)?;
            folder::give_to(path, group)?;
            fs::set_permissions(path, fs::Permissions::from_mode(0o660))?;
            let metadata = fs::metadata(path)?;
            Ok(Self {
                listener,
                uid: metadata.uid(),
                gid: metadata.gid(),
            })
        };
        bound().map_err(|source| ListenError::bind(shown, source))
    }

    /// A nonblocking socket that listens already. Who may talk to it follows from its file, as if
    /// it were our own.
    pub(crate) fn inherit(listener: net::UnixListener) -> Result<Self, ListenError> {
        let taken = || {
            let address = listener.local_addr()?;
            let path = address.as_pathname().ok_or(ErrorKind::AddrNotAvailable)?;
            let metadata = fs::metadata(path)?;
            Ok(Self {
                listener: UnixListener::from_std(listener)?,
                uid: metadata.uid(),
                gid: metadata.gid(),
            })
        };
        taken().map_err(ListenError::Inherit)
    }
}

/// Where connections come from.
pub(crate) trait Listener: Send + Sync + 'static {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// The next peer that may talk to us.
    fn accept(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn accept(&self) -> io::Result<TcpStream> {
        Self::accept(self).await.map(|(stream, _)| stream)
    }
}

impl Listener for PrivateListener {
    type Stream = UnixStream;

    /// Drops the peers that may not talk to us.
    async fn accept(&self) -> io::Result<UnixStream> {
        loop {
            let (stream, _) = self.listener.accept().await?;
            let peer = stream.peer_cred()?;
            if peer.uid() == self.uid || peer.uid() == 0 || peer.gid() == self.gid {
                return Ok(stream);
            }
            tracing::warn!(
                uid = peer.uid(),
                gid = peer.gid(),
                pid = peer.pid(),
                "refused a peer that is neither of our user nor of the socket's group"
            );
        }
    }
}

pub(crate) async fn bind_tcp(address: SocketAddr) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| ListenError::bind(address.to_string(), source))
}

/// The socket file, removed when the server stops in order.
pub(crate) struct SocketFile(pub(crate) PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // A file that stays behind is replaced at the next start.
        let _ = fs::remove_file(&self.0);
    }
}
