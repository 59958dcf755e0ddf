//! A probe sent again and again: as long as each arrives in time, so does what is sent to others.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use antiphon_client::{
    Rpc, Stream, Target,
    stream::{Closed, ConnectError},
};
use parking_lot::Mutex;
use tokio::{
    net::TcpSocket,
    sync::{broadcast, watch},
    time::Instant,
};

use super::{Hops, Missing, Passed, Unopened, ear::KEPT, hops, open};
use crate::link::LinkState;

/// The pause after a probe that did not arrive.
const PAUSE: Duration = Duration::from_millis(500);

/// What the canary has found, in plain numbers.
#[derive(Clone, Copy, Debug, Default)]
struct CanaryState {
    /// Since when one that arrives is waited for; none between one that did and the next.
    waiting_since: Option<Instant>,
    /// The newest that arrived.
    last: Option<Arrived>,
    /// How many did, and how many did not.
    arrived: u64,
    failed: u64,
}

/// A probe that arrived.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrived {
    pub(crate) at: Instant,
    pub(crate) hops: Hops<Duration>,
}

/// The canary, as the gateway sees it. Cloning shares it.
#[derive(Clone, Debug)]
pub(crate) struct Canary {
    state: watch::Receiver<CanaryState>,
    late: Duration,
    own: Own,
}

/// Where the canary's tab comes from.
type Own = Arc<Mutex<Option<SocketAddr>>>;

/// The canary itself.
pub(crate) struct Singing {
    state: watch::Sender<CanaryState>,
    own: Own,
    /// The gateway's own address.
    gateway: SocketAddr,
    rpc: Rpc,
    link: watch::Receiver<LinkState>,
    heard: broadcast::Receiver<Passed>,
    interval: Duration,
    late: Duration,
}

/// Why a probe did not arrive.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("there is no tab for the canary")]
    Unopened(#[from] Unopened),
    #[error("the canary's event did not arrive")]
    Missing(#[from] Missing),
    #[error("the canary's tab ended")]
    Closed(#[from] Closed),
}

impl Canary {
    /// One that sends a probe each `interval`, and where the link tells it what passes. `listen` is
    /// where the gateway listens.
    pub(crate) fn new(
        (interval, late): (Duration, Duration),
        listen: SocketAddr,
        rpc: Rpc,
        link: watch::Receiver<LinkState>,
    ) -> (Self, Singing, broadcast::Sender<Passed>) {
        let (told, heard) = broadcast::channel(KEPT);
        let (state, seen) = watch::channel(CanaryState::default());
        let own = Own::default();
        let canary = Self {
            state: seen,
            late,
            own: Arc::clone(&own),
        };
        let singing = Singing {
            state,
            own,
            gateway: reachable(listen),
            rpc: rpc.with_timeout(late),
            link,
            heard,
            interval,
            late,
        };
        (canary, singing, told)
    }

    /// Whether a probe is waited for too long, since the link to the server is there.
    pub(crate) fn is_late(&self) -> bool {
        let since = self.state.borrow().waiting_since;
        since.is_some_and(|since| since.elapsed() >= self.late)
    }

    /// The newest probe that arrived.
    pub(crate) fn newest(&self) -> Option<Arrived> {
        self.state.borrow().last
    }

    /// How many probes have arrived, and how many have not.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let state = self.state.borrow();
        (state.arrived, state.failed)
    }

    /// Whether a connection is the canary's own.
    pub(crate) fn is_at(&self, peer: SocketAddr) -> bool {
        *self.own.lock() == Some(peer)
    }
}

/// The address under which this machine reaches a listener.
#[must_use]
pub fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen {
        SocketAddr::V4(_) if listen.ip().is_unspecified() => [127, 0, 0, 1].into(),
        SocketAddr::V6(_) if listen.ip().is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
        SocketAddr::V4(_) | SocketAddr::V6(_) => listen.ip(),
    };
    SocketAddr::new(ip, listen.port())
}

impl Singing {
    /// Until dropped. While there is no link nothing is sent and nothing late: that has a name of its
    /// own.
    pub(crate) async fn run(mut self) {
        let mut link = self.link.clone();
        let mut well = true;
        while self.linked(&mut link).await {
            tokio::select! {
                ended = self.sing(&mut well) => {
                    let Err(failed) = ended;
                    failed.report(std::mem::take(&mut well));
                    self.state.send_modify(|state| state.failed += 1);
                    self.wait();
                    tokio::time::sleep(PAUSE).await;
                }
                () = unlinked(&mut link) => {}
            }
        }
    }

    /// Waits for the link, and for nothing else meanwhile. `false`: there will be none.
    async fn linked(&self, link: &mut watch::Receiver<LinkState>) -> bool {
        if !link.borrow().up {
            self.state.send_modify(|state| state.waiting_since = None);
        }
        link.wait_for(|link| link.up).await.is_ok()
    }

    /// Sends probe after probe, until one does not arrive.
    async fn sing(&mut self, well: &mut bool) -> Result<std::convert::Infallible, Failed> {
        self.wait();
        let url = format!("http://{}", self.gateway);
        let dial = async |target: Target| self.dial(target).await;
        let mut tab = open(&self.rpc, &url, self.late, dial).await?;
        loop {
            self.wait();
            let hops = hops(&self.rpc, &mut tab, Some(&mut self.heard), self.late).await;
            let hops = hops.arrived()?;
            if !std::mem::replace(well, true) {
                tracing::info!("what is committed arrives again");
            }
            self.state.send_modify(|state| {
                state.waiting_since = None;
                state.arrived += 1;
                state.last = Some(Arrived {
                    at: Instant::now(),
                    hops,
                });
            });
            if let Ok(closed) = tokio::time::timeout(self.interval, ending(&mut tab)).await {
                return Err(closed.into());
            }
        }
    }

    fn wait(&self) {
        self.state.send_modify(|state| {
            state.waiting_since.get_or_insert_with(Instant::now);
        });
    }

    /// Connects as browsers do, but from an address that is known before the listener sees it.
    async fn dial(&self, target: Target) -> Result<Stream, ConnectError> {
        let connecting = async {
            let socket = match self.gateway {
                SocketAddr::V4(_) => TcpSocket::new_v4(),
                SocketAddr::V6(_) => TcpSocket::new_v6(),
            }?;
            socket.bind(SocketAddr::new(self.gateway.ip(), 0))?;
            *self.own.lock() = Some(socket.local_addr()?);
            let stream = socket.connect(self.gateway).await?;
            stream.set_nodelay(true)?;
            Ok(stream)
        };
        let stream = connecting.await.map_err(ConnectError::Connect)?;
        Stream::over(stream, &target).await
    }
}

impl Failed {
    fn report(&self, first: bool) {
        let error = self as &dyn std::error::Error;
        if first {
            tracing::warn!(error, "what is committed does not arrive");
        } else {
            tracing::debug!(error, "what is committed still does not arrive");
        }
    }
}

/// Answers what the gateway asks of a tab, until it ends.
async fn ending(tab: &mut Stream) -> Closed {
    loop {
        if let Err(closed) = tab.next().await {
            return closed;
        }
    }
}

async fn unlinked(link: &mut watch::Receiver<LinkState>) {
    // An error means that the gateway is being dropped.
    let _ = link.wait_for(|link| !link.up).await;
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::reachable;

    #[test]
    fn a_listener_on_all_addresses_is_reached_on_loopback() {
        for (listen, reached) in [
            ("0.0.0.0:8484", "127.0.0.1:8484"),
            ("[::]:8484", "[::1]:8484"),
            ("10.0.0.5:8484", "10.0.0.5:8484"),
        ] {
            let listen: SocketAddr = listen.parse().expect("an address");
            assert_eq!(reachable(listen).to_string(), reached);
        }
    }
}
