//! From a configuration to a running gateway, and back.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use antiphon_client::rpc::Rpc;
use antiphon_wire::{EVENTS_SOCKET, MAX_SOCKET_PATH, RPC_SOCKET};
use governor::{Quota, RateLimiter};
use prometheus_client::registry::Registry;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

use crate::{
    Config,
    calls::Calls,
    directory::SHARDS,
    gateway::Gateway,
    http::serve,
    link::{Link, LinkState},
    metrics::{Census, Metrics},
    replay::Replays,
};

/// How often sessions without a tab are looked at.
const SWEEP: Duration = Duration::from_secs(5);
/// How long after the drain window tabs, calls and connections that are left are waited for.
const DRAIN_SLACK: Duration = Duration::from_secs(5);
/// How often the tabs that are left are counted while draining.
const DRAIN_STEP: Duration = Duration::from_millis(20);

/// Why a gateway did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{0} is in use by another program; choose another address with --listen")]
    InUse(SocketAddr),
    #[error("cannot listen on {address}")]
    Bind {
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
    #[error("with --dev the gateway listens on a loopback address only, not on {0}")]
    DevNeedsLoopback(SocketAddr),
    #[error(
        "the socket path {path} has {} bytes, a Unix socket's may have {MAX_SOCKET_PATH}; choose a \
         shorter folder with --server", path.len()
    )]
    PathTooLong { path: String },
    #[error("no random numbers")]
    Random(#[source] getrandom::Error),
}

/// A gateway that listens.
pub struct Running {
    address: SocketAddr,
    link: watch::Receiver<LinkState>,
    draining: watch::Sender<bool>,
    closing: watch::Sender<bool>,
    calls: Calls,
    drain_window: Duration,
    metrics: Metrics,
    ring_bytes_of_all: usize,
    serving: JoinSet<()>,
    background: JoinSet<()>,
}

/// Listens, and begins to look for the server; until that is found, tabs are refused.
pub async fn start(config: Config) -> Result<Running, StartError> {
    if config.dev && !config.listen.ip().is_loopback() {
        return Err(StartError::DevNeedsLoopback(config.listen));
    }
    let socket = events_socket(&config.server)?;
    let listener = listen(config.listen).await?;
    let address = listener.local_addr().unwrap_or(config.listen);
    let boot = getrandom::u64().map_err(StartError::Random)?;
    let (link_state, link) = watch::channel(LinkState::default());
    let (draining, draining_seen) = watch::channel(false);
    let metrics = Metrics::new();
    let follower = Link {
        socket,
        session: antiphon_session::Config {
            shard_ring_bytes: config.ring_bytes_of_all / SHARDS,
            ..config.session
        },
        tabs_per_user: config.caps.tabs_per_user,
        boot: format!("{boot:016x}"),
        state: link_state,
        metrics: metrics.clone(),
    };
    let rpc = Rpc::unix(config.server.join(RPC_SOCKET));
    let calls = Calls::new(rpc.clone(), metrics.clone());
    let gateway = Arc::new(Gateway {
        verifier: config.verifier,
        dev: config.dev,
        origins: config.origins,
        proxies: config.proxies,
        frame_bytes: config.caps.frame_bytes,
        handshakes: RateLimiter::direct(Quota::per_second(config.caps.handshakes_per_second)),
        link: link.clone(),
        calls: calls.clone(),
        replays: Replays::new(rpc.clone(), metrics.clone()),
        rpc,
        metrics: metrics.clone(),
        draining: draining_seen,
    });
    let mut serving = JoinSet::new();
    let (closing, closing_seen) = watch::channel(false);
    serving.spawn(serve(listener, gateway, config.caps, closing_seen));
    let mut background = JoinSet::new();
    background.spawn(follower.follow());
    background.spawn(sweep(link.clone()));
    Ok(Running {
        address,
        link,
        draining,
        closing,
        calls,
        drain_window: config.drain_window,
        metrics,
        ring_bytes_of_all: config.ring_bytes_of_all,
        serving,
        background,
    })
}

fn events_socket(server: &Path) -> Result<PathBuf, StartError> {
    let socket = server.join(EVENTS_SOCKET);
    let path = socket.display().to_string();
    if path.len() > MAX_SOCKET_PATH {
        return Err(StartError::PathTooLong { path });
    }
    Ok(socket)
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| {
        if source.kind() == io::ErrorKind::AddrInUse {
            StartError::InUse(address)
        } else {
            StartError::Bind { address, source }
        }
    })
}

async fn sweep(link: watch::Receiver<LinkState>) {
    let mut ticks = tokio::time::interval(SWEEP);
    loop {
        ticks.tick().await;
        let directory = link.borrow().directory.clone();
        if let Some(directory) = directory {
            directory.sweep();
        }
    }
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Has `registry` tell what this gateway counts.
    pub fn register(&self, registry: &mut Registry) {
        let census = Census {
            link: self.link.clone(),
            draining: self.draining.subscribe(),
            ring_budget: self.ring_bytes_of_all,
        };
        self.metrics.register(registry, census);
    }

    /// Resolves once the server has been reached.
    pub async fn linked(&self) {
        let mut link = self.link.clone();
        // An error means that the gateway is being dropped.
        let _ = link.wait_for(|state| state.up).await;
    }

    /// Takes no new tab, has every tab leave at a moment of its own within the drain window, and
    /// lets the calls under way finish. Until the tabs have left, calls are answered, and so is
    /// whoever asks whether this gateway is ready.
    pub async fn drain(mut self) {
        self.draining.send_replace(true);
        let directory = self.link.borrow().directory.clone();
        if let Some(directory) = directory {
            let window = self.drain_window;
            directory.drain(|| window.mul_f64(fraction()));
            let left = async {
                while directory.tabs() > 0 {
                    tokio::time::sleep(DRAIN_STEP).await;
                }
            };
            if tokio::time::timeout(window + DRAIN_SLACK, left)
                .await
                .is_err()
            {
                tracing::warn!(
                    tabs = directory.tabs(),
                    "tabs were left after the drain window"
                );
            }
        }
        self.closing.send_replace(true);
        let finished = async {
            self.calls.finished().await;
            while self.serving.join_next().await.is_some() {}
        };
        if tokio::time::timeout(DRAIN_SLACK, finished).await.is_err() {
            tracing::warn!("clients that do not read or write were not waited for");
            self.serving.shutdown().await;
        }
        self.background.shutdown().await;
    }
}

/// A random part of 1; without random numbers, all at once.
fn fraction() -> f64 {
    f64::from(getrandom::u32().unwrap_or_default()) / f64::from(u32::MAX)
}
