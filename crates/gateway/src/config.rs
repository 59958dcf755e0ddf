use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    time::Duration,
};

use antiphon_token::Verifier;

use crate::{Caps, Origins, Proxies};

/// How a gateway is to run; complete before anything is bound.
pub struct Config {
    /// The folder with the server's `rpc.sock` and `events.sock`.
    pub server: PathBuf,
    pub listen: SocketAddr,
    /// A nonblocking socket that listens already and that somebody else keeps, in place of `listen`.
    pub inherited: Option<TcpListener>,
    pub verifier: Verifier,
    /// Development: only a loopback address and a loopback `Host` will do.
    pub dev: bool,
    pub origins: Origins,
    pub proxies: Proxies,
    pub caps: Caps,
    pub session: antiphon_session::Config,
    /// Bytes of event text that all rings keep together.
    pub ring_bytes_of_all: usize,
    /// From one probe of the canary to the next; zero for no canary.
    pub canary_interval: Duration,
    /// How long a probe may be on its way before the gateway is not ready.
    pub canary_late: Duration,
    /// Over how long a drain spreads the tabs' departures.
    pub drain_window: Duration,
}

impl Config {
    #[must_use]
    pub fn new(server: PathBuf, listen: SocketAddr, verifier: Verifier) -> Self {
        Self {
            server,
            listen,
            inherited: None,
            verifier,
            dev: false,
            origins: Origins::default(),
            proxies: Proxies::default(),
            caps: Caps::default(),
            session: antiphon_session::Config::default(),
            ring_bytes_of_all: 1 << 30,
            canary_interval: Duration::ZERO,
            canary_late: Duration::from_secs(5),
            drain_window: Duration::from_secs(5),
        }
    }
}
