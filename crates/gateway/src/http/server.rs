//! The listener and its connections.

use std::{convert::Infallible, sync::Arc, time::Duration};

use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
};

use super::answer;
use crate::gateway::Gateway;

/// A client that has not sent its headers by then is dropped (slow loris).
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// A client that takes nothing of what is written for so long is dropped, whatever it was served.
/// Longer than a tab's own limit, which says why.
const UNREAD_TIMEOUT: Duration = Duration::from_secs(60);
/// The most headers of a request; more are refused with 431.
const MAX_HEADERS: usize = 64;
/// What is buffered of a request's head and of an answer, in bytes.
const BUFFER_BYTES: usize = 32 << 10;
/// The most connections at once, tabs included; further ones wait in the listen queue.
const MAX_CONNECTIONS: usize = 16_384;
/// After a failed accept (no file descriptors, say) the listener rests before it tries again.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// A connection's place among [`MAX_CONNECTIONS`], free again when the last clone is dropped. It
/// travels with the request, because an upgraded connection outlives its HTTP.
#[derive(Clone)]
pub(super) struct Seat {
    _permit: Arc<OwnedSemaphorePermit>,
}

/// Serves until `closing` turns true, then lets the requests under way finish. Tabs live on in
/// tasks of their own.
pub(crate) async fn serve(
    listener: TcpListener,
    gateway: Arc<Gateway>,
    mut closing: watch::Receiver<bool>,
) {
    let seats = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let accepted = async {
            let permit = Arc::clone(&seats).acquire_owned().await.ok()?;
            Some((
                Seat {
                    _permit: Arc::new(permit),
                },
                listener.accept().await,
            ))
        };
        tokio::select! {
            () = begun(&mut closing) => break,
            Some(_) = connections.join_next() => {}
            Some((seat, accepted)) = accepted => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, seat, Arc::clone(&gateway), closing.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_REST).await;
                }
            }
        }
    }
    drop(listener);
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

async fn connection(
    stream: TcpStream,
    seat: Seat,
    gateway: Arc<Gateway>,
    mut closing: watch::Receiver<bool>,
) {
    prepare(&stream);
    let handler = service_fn(move |mut request: Request<Incoming>| {
        let gateway = Arc::clone(&gateway);
        request.extensions_mut().insert(seat.clone());
        async move { Ok::<_, Infallible>(answer(gateway, request).await) }
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
