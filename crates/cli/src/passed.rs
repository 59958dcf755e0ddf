//! The sockets that a supervisor has opened for this process: `sd_listen_fds(3)`.
//!
//! They come with names (`FileDescriptorName=` of a socket unit) and are taken by these. One that nobody
//! takes is an error, because who connects to it would wait for ever.

use std::{
    env, io,
    net::TcpListener,
    os::{fd::AsFd, unix::net::UnixListener},
};

use listenfd::ListenFd;
use nix::sys::socket::{getsockopt, sockopt::AcceptConn};

use crate::exit::Misconfigured;

/// Where clients connect to a gateway: TCP.
pub(crate) const HTTP: &str = "http";
/// The server's rpc.sock.
pub(crate) const RPC: &str = "rpc";
/// The server's events.sock.
pub(crate) const EVENTS: &str = "events";

const NAMES: &str = "LISTEN_FDNAMES";

#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("the socket {name} that was passed is not of the kind that is needed")]
    Kind {
        name: String,
        #[source]
        source: io::Error,
    },
    #[error("the socket {name} that was passed does not listen; the socket unit needs Accept=no")]
    Deaf { name: String },
    #[error(
        "nothing here listens on the socket {name} that was passed; a gateway takes one {HTTP}, a \
         server one {RPC} and one {EVENTS}: name each with FileDescriptorName="
    )]
    Superfluous { name: String },
}

/// What was passed and not yet taken.
pub(crate) struct Passed {
    sockets: ListenFd,
    names: Vec<Option<String>>,
}

impl Passed {
    /// Reads the environment and takes out what it read; so it must be called before any thread
    /// is started.
    pub(crate) fn from_environment() -> Self {
        let names = env::var(NAMES).unwrap_or_default();
        let sockets = ListenFd::from_env();
        let named = names.split(':').map(ToOwned::to_owned);
        let nameless = std::iter::repeat_with(|| "unknown".to_owned());
        let names = named.chain(nameless).take(sockets.len());
        Self {
            names: names.map(Some).collect(),
            sockets,
        }
    }

    pub(crate) fn tcp(&mut self, name: &str) -> anyhow::Result<Option<TcpListener>> {
        let take = |sockets: &mut ListenFd, index| sockets.take_tcp_listener(index);
        let Some(listener) = self.take(name, take)? else {
            return Ok(None);
        };
        listener.set_nonblocking(true)?;
        Ok(Some(listener))
    }

    pub(crate) fn unix(&mut self, name: &str) -> anyhow::Result<Option<UnixListener>> {
        let take = |sockets: &mut ListenFd, index| sockets.take_unix_listener(index);
        let Some(listener) = self.take(name, take)? else {
            return Ok(None);
        };
        listener.set_nonblocking(true)?;
        Ok(Some(listener))
    }

    fn take<L: AsFd>(
        &mut self,
        name: &str,
        take: impl FnOnce(&mut ListenFd, usize) -> io::Result<Option<L>>,
    ) -> Result<Option<L>, Misconfigured> {
        let wanted = |found: &Option<String>| found.as_deref() == Some(name);
        let Some(index) = self.names.iter().position(wanted) else {
            return Ok(None);
        };
        self.names[index] = None;
        let name = name.to_owned();
        let taken = take(&mut self.sockets, index);
        let taken = taken.map_err(|source| Unusable::Kind {
            name: name.clone(),
            source,
        });
        match taken.map_err(|error| Misconfigured(error.into()))? {
            Some(listener) if !getsockopt(&listener, AcceptConn).unwrap_or(false) => {
                Err(Misconfigured(Unusable::Deaf { name }.into()))
            }
            taken => Ok(taken),
        }
    }

    /// Fails if a socket was passed that nobody has taken.
    pub(crate) fn nothing_else(self) -> anyhow::Result<()> {
        match self.names.into_iter().flatten().next() {
            Some(name) => Err(Misconfigured(Unusable::Superfluous { name }.into()).into()),
            None => Ok(()),
        }
    }
}
