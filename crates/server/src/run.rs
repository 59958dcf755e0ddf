//! From a configuration to a running server, and back.

use std::{
    error::Error, mem, net::SocketAddr, os::unix::net::UnixListener, path::PathBuf, sync::Arc,
};

use antiphon_store::{OpenError, Options, Store};
use antiphon_wire::{EVENTS_SOCKET, RPC_SOCKET};
use prometheus_client::registry::Registry;
use tokio::{sync::watch, task::JoinSet};

use crate::{
    Config,
    config::{Inherited, Place},
    context::{Failure, Shared},
    demo, families, fanout, folder,
    folder::{FolderError, run_dir},
    huddle,
    listen::{ListenError, PrivateListener, SocketFile, bind_tcp},
    metrics::Census,
    presence, reaper, rpc,
    rpc::Router,
};

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Store(#[from] OpenError),
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error("cannot read who says what of themselves, and who is in a huddle")]
    Recall(#[source] Box<dyn Error + Send + Sync>),
    #[error("cannot make the demo workspace")]
    Demo(#[source] Box<dyn Error + Send + Sync>),
}

impl StartError {
    /// Whether the configured group cannot be had.
    #[must_use]
    pub const fn is_of_the_group(&self) -> bool {
        matches!(self, Self::Folder(FolderError::Give { .. }))
    }
}

/// A server that answers.
pub struct Running {
    shared: Arc<Shared>,
    database: PathBuf,
    stop: watch::Sender<bool>,
    /// What serves others: ends by itself once told to stop.
    serving: JoinSet<()>,
    /// What goes on behind it: ends when dropped.
    background: JoinSet<()>,
    rpc_address: Option<SocketAddr>,
    sockets: Vec<SocketFile>,
}

/// Opens the data folder and listens. When this returns, calls are answered.
pub async fn start(config: Config) -> Result<Running, StartError> {
    let (mut place, means) = config.split();
    let inherited = mem::take(&mut place.inherited);
    folder::make(&place.data)?;
    if let Some(group) = place.socket_group
        && !inherited.is_whole()
    {
        folder::open_to(&place.data, group)?;
    }
    let database = folder::database(&place.data);
    let mut options = Options::new(database, families::SCHEMA, place.event_bytes);
    let metrics = means.metrics.clone();
    options.on_commit = Some(Arc::new(move |batch| metrics.committed(batch)));
    let store = Store::open(options)?;
    let shared = Arc::new(Shared::new(store, means));
    let router = Arc::new(Router::new());
    match prepare(&place, inherited, &shared, &router).await {
        Ok(listening) => Ok(serve(place, router, shared, listening)),
        Err(error) => {
            shared.store.close().await;
            Err(error)
        }
    }
}

async fn prepare(
    place: &Place,
    inherited: Inherited,
    shared: &Arc<Shared>,
    router: &Router,
) -> Result<Listening, StartError> {
    if place.dev {
        demo::prepare(shared, router)
            .await
            .map_err(|failure| StartError::Demo(failure.into()))?;
    }
    recall(shared)
        .await
        .map_err(|failure| StartError::Recall(failure.into()))?;
    Ok(listen(place, inherited).await?)
}

/// What an earlier run has left to be kept in mind. Everybody in a huddle gets the time of a whole
/// lease to be heard of again.
pub(crate) async fn recall(shared: &Shared) -> Result<(), Failure> {
    let read = shared.store.read(|db| {
        let presence = (families::claims(db)?, families::status_ends(db)?);
        Ok::<_, Failure>((presence, families::all_seats(db)?))
    });
    let ((claims, statuses), seats) = read.await?;
    shared.presence.recall(claims, statuses);
    let leases: Vec<_> = seats.iter().map(|seat| (seat.user, seat.lease)).collect();
    shared.huddles.taken(&leases);
    Ok(())
}

struct Listening {
    rpc: PrivateListener,
    events: PrivateListener,
    tcp: Option<tokio::net::TcpListener>,
    sockets: Vec<SocketFile>,
}

async fn listen(place: &Place, inherited: Inherited) -> Result<Listening, ListenError> {
    let run = run_dir(&place.data);
    let mut sockets = Vec::new();
    let mut listener = |name: &str, inherited: Option<UnixListener>| {
        if let Some(inherited) = inherited {
            return PrivateListener::inherit(inherited);
        }
        let path = run.join(name);
        let listener = PrivateListener::bind(&path, place.socket_group)?;
        sockets.push(SocketFile(path));
        Ok(listener)
    };
    let rpc = listener(RPC_SOCKET, inherited.rpc)?;
    let events = listener(EVENTS_SOCKET, inherited.events)?;
    let tcp = match place.rpc_listen {
        Some(address) => Some(bind_tcp(address).await?),
        None => None,
    };
    Ok(Listening {
        rpc,
        events,
        tcp,
        sockets,
    })
}

fn serve(place: Place, router: Arc<Router>, shared: Arc<Shared>, listening: Listening) -> Running {
    let (stop, stopped) = watch::channel(false);
    let Listening {
        rpc,
        events,
        tcp,
        sockets,
    } = listening;
    let rpc_address = tcp.as_ref().and_then(|tcp| tcp.local_addr().ok());
    let (data, head) = (place.data.display(), shared.store.head().get());
    tracing::info!(%data, head, rpc_address = rpc_address.map(display), "the server listens");

    let mut serving = JoinSet::new();
    let (routes, state) = (Arc::clone(&router), Arc::clone(&shared));
    serving.spawn(rpc::serve(rpc, routes, state, None, stopped.clone()));
    if let Some(tcp) = tcp {
        let (state, verifier) = (Arc::clone(&shared), Some(place.verifier));
        serving.spawn(rpc::serve(tcp, router, state, verifier, stopped.clone()));
    }
    serving.spawn(fanout::serve(events, Arc::clone(&shared), stopped));

    let mut background = JoinSet::new();
    let (store, to) = (shared.store.clone(), Arc::clone(&shared.fanout));
    background.spawn(fanout::follow(store, to, shared.metrics.clone()));
    let (store, to) = (shared.store.clone(), Arc::clone(&shared.fanout));
    background.spawn(presence::follow(Arc::clone(&shared.presence), store, to));
    background.spawn(huddle::follow(Arc::clone(&shared)));
    background.spawn(huddle::watch(Arc::clone(&shared)));
    background.spawn(reaper::follow(Arc::clone(&shared), place.retention));
    Running {
        shared,
        database: folder::database(&place.data),
        stop,
        serving,
        background,
        rpc_address,
        sockets,
    }
}

impl Running {
    /// Where JSON-RPC over TCP is, if it was asked for.
    #[must_use]
    pub fn rpc_address(&self) -> Option<SocketAddr> {
        self.rpc_address
    }

    /// Has `registry` tell what this server counts. It is to be encoded within the runtime, on a
    /// thread that may block: the log is read for it.
    pub fn register(&self, registry: &mut Registry) {
        let census = Census {
            shared: Arc::clone(&self.shared),
            database: self.database.clone(),
        };
        self.shared.metrics.register(registry, census);
    }

    /// Resolves, with the reason, when the database has failed. What was answered is safe; the
    /// process has to end, because only opening the database again tells what is on disk.
    pub async fn failed(&self) -> Arc<str> {
        self.shared.store.failed().await
    }

    /// Whether the writer goes on; unresolved while it is held up, and `false` once it has ended.
    pub fn pulse(&self) -> impl Future<Output = bool> + Send + use<> {
        let store = self.shared.store.clone();
        async move { store.pulse().await }
    }

    /// Takes no new calls, lets those under way finish within a bound, then closes the database.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.serving.join_next().await.is_some() {}
        self.background.shutdown().await;
        self.shared.store.close().await;
        drop(self.sockets);
        tracing::info!("the server has stopped");
    }
}
