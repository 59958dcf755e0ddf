//! The listener and its connections.

use std::{
    cell::Cell,
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

use super::{
    answer, respond,
    seats::{Seat, Seats},
};
use crate::{caps::Caps, gateway::Gateway};

/// A client that has not sent its headers by then is dropped (slow loris).
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// A client that takes nothing of what is written for so long is dropped, whatever it was served.
/// Longer than a tab's own limit, which says why.
const UNREAD_TIMEOUT: Duration = Duration::from_secs(60);
/// The most headers of a request; more are refused with 431.
const MAX_HEADERS: usize = 64;
/// What is buffered of a request's head and of an answer, in bytes.
const BUFFER_BYTES: usize = 32 << 10;
/// After a failed accept (no file descriptors, say) the listener rests before it tries again.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// What a connection is told that is one too many of its address, as
/// [`too_many_connections`](respond::too_many_connections) tells a request.
const TOO_MANY: &[u8] =
    b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 0\r\n\
    connection: close\r\n\r\n";

/// Until when a gateway accepts, and what its connections are told.
#[derive(Clone)]
pub(crate) struct Course {
    /// No connection is accepted once this turns true.
    pub(crate) accepting_ends: watch::Receiver<bool>,
    /// Requests under way are finished, and no further one is taken, once this turns true.
    pub(crate) closing: watch::Receiver<bool>,
    /// Held by the listener, and by each connection until its first request is answered.
    pub(crate) newcomer: watch::Receiver<()>,
}

impl Course {
    /// With an inherited socket accepting ends as soon as the gateway drains.
    pub(crate) fn new(
        inherited: bool,
        draining: &watch::Receiver<bool>,
        closing: watch::Receiver<bool>,
        newcomer: watch::Receiver<()>,
    ) -> Self {
        let accepting_ends = if inherited { draining } else { &closing };
        Self {
            accepting_ends: accepting_ends.clone(),
            closing,
            newcomer,
        }
    }
}

/// Accepts and serves; ends when all connections have. Tabs live on in tasks of their own.
pub(crate) async fn serve(
    listener: TcpListener,
    gateway: Arc<Gateway>,
    caps: Caps,
    mut course: Course,
) {
    let seats = Arc::new(Seats::new(caps.connections, caps.connections_per_address));
    let mut connections = JoinSet::new();
    loop {
        let accepted = async {
            let seat = seats.take().await?;
            Some((seat, listener.accept().await))
        };
        tokio::select! {
            biased;
            () = begun(&mut course.accepting_ends) => break,
            Some(_) = connections.join_next() => {}
            Some((seat, accepted)) = accepted => match accepted {
                Ok((stream, peer)) => {
                    let guest = Guest::new(peer, seat, &seats, &gateway);
                    connections.spawn(connection(stream, guest, Arc::clone(&gateway), course.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_REST).await;
                }
            }
        }
    }
    drop((listener, course));
    while connections.join_next().await.is_some() {}
}

async fn begun(closing: &mut watch::Receiver<bool>) {
    // An error means that nobody is left who could begin: stop, too.
    let _ = closing.wait_for(|closing| *closing).await;
}

/// What is asked of the kernel; a connection without it is served all the same.
fn prepare(stream: &TcpStream) {
    // Frames are small and are written whole: there is nothing to wait for.
    let _ = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let _ = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(UNREAD_TIMEOUT));
}

/// Who connected, and the seat they took.
#[derive(Clone)]
struct Guest {
    peer: IpAddr,
    seat: Seat,
    seats: Arc<Seats>,
    /// The gateway itself, which is counted among nobody's.
    is_canary: bool,
}

impl Guest {
    fn new(peer: SocketAddr, seat: Seat, seats: &Arc<Seats>, gateway: &Gateway) -> Self {
        let canary = gateway.canary.as_ref();
        Self {
            peer: peer.ip(),
            seat,
            seats: Arc::clone(seats),
            is_canary: canary.is_some_and(|canary| canary.is_at(peer)),
        }
    }

    /// The seat, counted among those of `address` too. `None`: it has as many as it may have.
    fn counted(&self, address: IpAddr) -> Option<Seat> {
        if self.is_canary {
            return Some(self.seat.clone());
        }
        let share = self.seats.share(address)?;
        Some(self.seat.clone().with(share))
    }
}

async fn connection(stream: TcpStream, guest: Guest, gateway: Arc<Gateway>, course: Course) {
    prepare(&stream);
    if gateway.proxies.trusts(guest.peer) {
        return http(stream, guest, gateway, course).await;
    }
    match guest.counted(guest.peer) {
        Some(seat) => http(stream, Guest { seat, ..guest }, gateway, course).await,
        // Whoever does not read it is closed all the same.
        None => {
            gateway.metrics.connections_refused.inc();
            drop(stream.try_write(TOO_MANY));
        }
    }
}

async fn http(stream: TcpStream, guest: Guest, gateway: Arc<Gateway>, course: Course) {
    let Course {
        mut closing,
        newcomer,
        ..
    } = course;
    let newcomer = Cell::new(Some(newcomer));
    let handler = service_fn(move |mut request: Request<Incoming>| {
        let (gateway, guest) = (Arc::clone(&gateway), guest.clone());
        let newcomer = newcomer.take();
        async move {
            let _until_answered = newcomer;
            // A proxy has many clients on one connection, so that each request has a seat: until it
            // is answered, or its tab has gone.
            let peer = guest.peer;
            let seat = if gateway.proxies.trusts(peer) {
                guest.counted(gateway.proxies.client(peer, request.headers()))
            } else {
                Some(guest.seat)
            };
            let Some(seat) = seat else {
                gateway.metrics.connections_refused.inc();
                return Ok(respond::too_many_connections());
            };
            request.extensions_mut().insert(seat);
            Ok::<_, Infallible>(answer(gateway, peer, request).await)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_headers(MAX_HEADERS)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), handler)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = begun(&mut closing) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
