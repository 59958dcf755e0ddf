//! From a configuration to a running gateway, and back.

use std::{
    io,
    net::{self, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};

use antiphon_client::rpc::Rpc;
use antiphon_wire::{EVENTS_SOCKET, MAX_SOCKET_PATH, RPC_SOCKET};
use governor::{Quota, RateLimiter};
use prometheus_client::registry::Registry;
use tokio::{
    net::TcpListener,
    sync::{broadcast, watch},
    task::JoinSet,
    time::{Instant, timeout_at},
};

use crate::{
    Caps, Config,
    calls::Calls,
    clock,
    directory::SHARDS,
    gateway::Gateway,
    http::{Course, serve},
    link::{Link, LinkState},
    metrics::{Census, Metrics},
    probe::{Canary, Passed},
    replay::Replays,
};

/// How often sessions without a tab are looked at.
const SWEEP: Duration = Duration::from_secs(5);
/// How long after the drain window tabs, calls and connections that are left are waited for.
const DRAIN_SLACK: Duration = Duration::from_secs(5);
/// How long a gateway with an inherited socket waits for its server before it accepts: meanwhile,
/// connections wait in the socket's queue; then they are told that the server is away.
const LINK_PATIENCE: Duration = Duration::from_secs(2);
/// How long, while draining, connections that were accepted may take to send their first request.
const NEWCOMER_PATIENCE: Duration = Duration::from_secs(1);
/// How often the tabs that are left are told and counted while draining.
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
    #[error("the socket to listen on cannot be used")]
    Inherit(#[source] io::Error),
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
    gateway: Arc<Gateway>,
    draining: watch::Sender<bool>,
    closing: watch::Sender<bool>,
    drain_window: Duration,
    newcomers: watch::Sender<()>,
    canary: JoinSet<()>,
    ring_bytes_of_all: usize,
    serving: JoinSet<()>,
    background: JoinSet<()>,
}

/// Listens, and begins to look for the server; until that is found, tabs are refused.
pub async fn start(mut config: Config) -> Result<Running, StartError> {
    let socket = events_socket(&config.server)?;
    let inherited = config.inherited.take();
    let is_inherited = inherited.is_some();
    let listener = listener(inherited, config.listen, config.dev).await?;
    let address = listener.local_addr().unwrap_or(config.listen);
    let metrics = Metrics::new();
    let rpc = Rpc::unix(config.server.join(RPC_SOCKET));
    let (link_state, link) = watch::channel(LinkState::default());
    let (draining, draining_seen) = watch::channel(false);
    let (closing, closing_seen) = watch::channel(false);
    let (newcomers, newcomer) = watch::channel(());
    let course = Course::new(is_inherited, &draining_seen, closing_seen, newcomer);

    let times = (config.canary_interval, config.canary_late);
    let (canary_task, canary, passed) = canary(times, address, &rpc, &link);
    let follower = follower(&config, socket, link_state, passed, metrics.clone())?;
    let (caps, drain_window) = (config.caps.clone(), config.drain_window);
    let ring_bytes_of_all = config.ring_bytes_of_all;
    let gateway = gateway(
        config,
        rpc,
        metrics,
        link.clone(),
        draining_seen,
        is_inherited,
        canary,
    );
    let gateway = Arc::new(gateway);
    tracing::info!(%address, "the gateway listens");
    let mut serving = JoinSet::new();
    serving.spawn(accept(listener, Arc::clone(&gateway), caps, course));
    let mut background = JoinSet::new();
    background.spawn(follower.follow());
    background.spawn(sweep(link));
    Ok(Running {
        address,
        gateway,
        draining,
        closing,
        drain_window,
        newcomers,
        canary: canary_task,
        ring_bytes_of_all,
        serving,
        background,
    })
}

/// What requests and tabs share.
fn gateway(
    config: Config,
    rpc: Rpc,
    metrics: Metrics,
    link: watch::Receiver<LinkState>,
    draining: watch::Receiver<bool>,
    inherited: bool,
    canary: Option<Canary>,
) -> Gateway {
    Gateway {
        verifier: config.verifier,
        dev: config.dev,
        origins: config.origins,
        proxies: config.proxies,
        frame_bytes: config.caps.frame_bytes,
        handshakes: RateLimiter::direct(Quota::per_second(config.caps.handshakes_per_second)),
        link,
        calls: Calls::new(rpc.clone(), metrics.clone()),
        replays: Replays::new(rpc.clone(), metrics.clone()),
        rpc,
        metrics,
        page: OnceLock::new(),
        draining,
        inherited,
        canary,
    }
}

/// What follows the server's log.
fn follower(
    config: &Config,
    socket: PathBuf,
    state: watch::Sender<LinkState>,
    passed: Told,
    metrics: Metrics,
) -> Result<Link, StartError> {
    let boot = getrandom::u64().map_err(StartError::Random)?;
    Ok(Link {
        socket,
        session: antiphon_session::Config {
            shard_ring_bytes: config.ring_bytes_of_all / SHARDS,
            ..config.session.clone()
        },
        tabs_per_user: config.caps.tabs_per_user,
        boot: format!("{boot:016x}"),
        state,
        passed,
        metrics,
    })
}

type Told = Option<broadcast::Sender<Passed>>;

/// The canary, if there is to be one, and where the link tells it what passes.
fn canary(
    times: (Duration, Duration),
    address: SocketAddr,
    rpc: &Rpc,
    link: &watch::Receiver<LinkState>,
) -> (JoinSet<()>, Option<Canary>, Told) {
    let mut tasks = JoinSet::new();
    if times.0.is_zero() {
        return (tasks, None, None);
    }
    let (canary, task, passed) = Canary::new(times, address, rpc.clone(), link.clone());
    tasks.spawn(task.run());
    (tasks, Some(canary), Some(passed))
}

async fn accept(listener: TcpListener, gateway: Arc<Gateway>, caps: Caps, course: Course) {
    if gateway.inherited {
        linked_or_late(gateway.link.clone(), course.accepting_ends.clone()).await;
    }
    serve(listener, gateway, caps, course).await;
}

fn events_socket(server: &Path) -> Result<PathBuf, StartError> {
    let socket = server.join(EVENTS_SOCKET);
    let path = socket.display().to_string();
    if path.len() > MAX_SOCKET_PATH {
        return Err(StartError::PathTooLong { path });
    }
    Ok(socket)
}

async fn listener(
    inherited: Option<net::TcpListener>,
    address: SocketAddr,
    dev: bool,
) -> Result<TcpListener, StartError> {
    let address = match &inherited {
        Some(listener) => listener.local_addr().map_err(StartError::Inherit)?,
        None => address,
    };
    if dev && !address.ip().is_loopback() {
        return Err(StartError::DevNeedsLoopback(address));
    }
    match inherited {
        Some(listener) => TcpListener::from_std(listener).map_err(StartError::Inherit),
        None => listen(address).await,
    }
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

/// An error means that the gateway is being dropped.
async fn linked_or_late(
    mut link: watch::Receiver<LinkState>,
    mut accepting_ends: watch::Receiver<bool>,
) {
    tokio::select! {
        _ = link.wait_for(|state| state.up) => {}
        _ = accepting_ends.wait_for(|ends| *ends) => {}
        () = tokio::time::sleep(LINK_PATIENCE) => {}
    }
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
            link: self.gateway.link.clone(),
            draining: self.draining.subscribe(),
            ring_budget: self.ring_bytes_of_all,
        };
        let canary = self.gateway.canary.clone();
        self.gateway.metrics.register(registry, census, canary);
    }

    /// Answers `GET /metrics` of whoever connects from this machine directly with what `page` makes, a
    /// text of the media type `kind`. `page` may block, and is called once a request; only the first
    /// one given counts.
    pub fn tells(
        &self,
        kind: &'static str,
        page: impl Fn() -> Option<String> + Send + Sync + 'static,
    ) {
        // An error means that there is one already.
        let _ = self.gateway.page.set((kind, Arc::new(page)));
    }

    /// Resolves once the server has been reached.
    pub async fn linked(&self) {
        self.link_is(true).await;
    }

    /// Resolves once the server is away.
    pub async fn unlinked(&self) {
        self.link_is(false).await;
    }

    async fn link_is(&self, up: bool) {
        let mut link = self.gateway.link.clone();
        if link.wait_for(|state| state.up == up).await.is_err() {
            // The gateway is being dropped.
            std::future::pending().await
        }
    }

    /// Takes no new tab, has every tab leave at a moment of its own within the drain window, and
    /// lets the calls under way finish. Until the tabs have left, calls are answered, and so is
    /// whoever asks whether this gateway is ready.
    ///
    /// With an inherited socket it accepts nothing more instead: who comes waits in the socket's
    /// queue for the next gateway, and who had been accepted is let in and leaves with the others.
    pub async fn drain(mut self) {
        self.draining.send_replace(true);
        self.canary.shutdown().await;
        let ms = clock::millis(self.drain_window);
        tracing::info!(ms, "the tabs leave within the drain window");
        let until = Instant::now() + self.drain_window;
        if timeout_at(until + DRAIN_SLACK, self.all_left(until))
            .await
            .is_err()
        {
            tracing::warn!("tabs were left after the drain window");
        }
        self.closing.send_replace(true);
        let finished = async {
            self.gateway.calls.finished().await;
            while self.serving.join_next().await.is_some() {}
        };
        if tokio::time::timeout(DRAIN_SLACK, finished).await.is_err() {
            tracing::warn!("clients that do not read or write were not waited for");
            self.serving.shutdown().await;
        }
        self.background.shutdown().await;
        tracing::info!("the gateway has stopped");
    }

    /// Tells the tabs, also those that are let in meanwhile, to leave by `until`; resolves when
    /// they have.
    async fn all_left(&self, until: Instant) {
        let mut welcome_ends = Instant::now();
        if self.gateway.inherited {
            welcome_ends += NEWCOMER_PATIENCE;
        }
        loop {
            let now = Instant::now();
            let welcomed = self.newcomers.is_closed() || now >= welcome_ends;
            let rest = until.saturating_duration_since(now);
            // The server may be reached for the first time only now.
            let directory = self.gateway.link.borrow().directory.clone();
            let tabs = directory.map_or(0, |directory| {
                directory.drain(|| rest.mul_f64(fraction()));
                directory.tabs()
            });
            if welcomed && tabs == 0 {
                return;
            }
            tokio::time::sleep(DRAIN_STEP).await;
        }
    }
}

/// A random part of 1; without random numbers, all at once.
fn fraction() -> f64 {
    f64::from(getrandom::u32().unwrap_or_default()) / f64::from(u32::MAX)
}
