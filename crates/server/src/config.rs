use std::{net::SocketAddr, os::unix::net::UnixListener, path::PathBuf, time::Duration};

use antiphon_store::prune::Retention;
use antiphon_token::{Signer, Verifier};
use antiphon_wire::MAX_EVENT_BYTES;

use crate::{Limits, Livekit, metrics::Metrics};

/// How a server is to run; complete before anything is opened.
pub struct Config {
    /// Holds the database, the sockets and the lock. Made if it is not there.
    pub data: PathBuf,
    /// An empty database starts with a demo workspace.
    pub dev: bool,
    /// JSON-RPC over TCP too, where a bearer token decides who calls.
    pub rpc_listen: Option<SocketAddr>,
    pub inherited: Inherited,
    pub verifier: Verifier,
    /// What token.issue signs with; without it no token can be issued here.
    pub signer: Option<Signer>,
    pub retention: Retention,
    /// The longest event, in bytes; a change that would make a longer one is refused. At most
    /// [`MAX_EVENT_BYTES`].
    pub event_bytes: usize,
    /// Where those in a huddle talk; without it they are only seen to be there.
    pub livekit: Option<Livekit>,
    /// A token may name a user by an external id nobody has: that makes the user.
    pub provision_unknown: bool,
    /// The group that may use the sockets too, by its number; otherwise the process's own.
    pub socket_group: Option<u32>,
    /// How often each user may call.
    pub limits: Limits,
}

/// Nonblocking Unix sockets that listen already and that somebody else keeps, in place of those in
/// the data folder. Their files stay when the server stops.
#[derive(Debug, Default)]
pub struct Inherited {
    pub rpc: Option<UnixListener>,
    pub events: Option<UnixListener>,
}

impl Inherited {
    /// Whether none is left to be made.
    pub(crate) const fn is_whole(&self) -> bool {
        self.rpc.is_some() && self.events.is_some()
    }
}

/// How long the log reaches back unless configured otherwise.
pub(crate) const DEFAULT_RETENTION: Retention = Retention {
    age: Duration::from_secs(7 * 24 * 3600),
    rows: 1_000_000,
};

/// What methods have at hand beside the database.
pub(crate) struct Means {
    pub(crate) signer: Option<Signer>,
    pub(crate) livekit: Option<Livekit>,
    pub(crate) provision_unknown: bool,
    pub(crate) limits: Limits,
    pub(crate) metrics: Metrics,
}

/// Where and for how long a server is there.
pub(crate) struct Place {
    pub(crate) data: PathBuf,
    pub(crate) dev: bool,
    pub(crate) rpc_listen: Option<SocketAddr>,
    pub(crate) inherited: Inherited,
    pub(crate) socket_group: Option<u32>,
    pub(crate) verifier: Verifier,
    pub(crate) retention: Retention,
    pub(crate) event_bytes: usize,
}

impl Config {
    pub(crate) fn split(self) -> (Place, Means) {
        let place = Place {
            data: self.data,
            dev: self.dev,
            rpc_listen: self.rpc_listen,
            inherited: self.inherited,
            socket_group: self.socket_group,
            verifier: self.verifier,
            retention: self.retention,
            event_bytes: self.event_bytes,
        };
        let means = Means {
            signer: self.signer,
            livekit: self.livekit,
            provision_unknown: self.provision_unknown,
            limits: self.limits,
            metrics: Metrics::new(),
        };
        (place, means)
    }

    #[must_use]
    pub fn new(data: PathBuf, verifier: Verifier) -> Self {
        Self {
            data,
            dev: false,
            rpc_listen: None,
            inherited: Inherited::default(),
            verifier,
            signer: None,
            provision_unknown: false,
            retention: DEFAULT_RETENTION,
            event_bytes: MAX_EVENT_BYTES,
            livekit: None,
            socket_group: None,
            limits: Limits::default(),
        }
    }
}
