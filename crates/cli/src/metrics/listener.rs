//! `GET /metrics` and nothing else.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::{JoinSet, spawn_blocking},
};

use super::{KIND, Page};

/// Connections at a time; further ones wait to be accepted.
const MAX_CONNECTIONS: usize = 16;
/// One that has not sent its next headers by then is dropped; longer than is usual between scrapes.
const HEADER_TIMEOUT: Duration = Duration::from_secs(90);
/// After a failed accept (no file descriptors, say) the listener rests before it tries again.
const ACCEPT_REST: Duration = Duration::from_millis(100);

const TEXT: &str = "text/plain; charset=utf-8";

pub(super) async fn bind(key: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address} for metrics; choose another address as {key}")
    })?;
    let address = listener.local_addr().unwrap_or(address);
    tracing::info!(%address, key, "metrics are at /metrics");
    Ok(listener)
}

/// Answers until dropped.
pub(super) async fn serve(listener: TcpListener, page: Page) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let accepted = async {
            let permit = Arc::clone(&permits).acquire_owned().await.ok()?;
            Some((permit, listener.accept().await))
        };
        tokio::select! {
            Some((permit, accepted)) = accepted => match accepted {
                Ok((stream, _)) => {
                    let connection = connection(stream, page.clone());
                    connections.spawn(async move {
                        connection.await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept who asks for metrics");
                    tokio::time::sleep(ACCEPT_REST).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, page: Page) {
    let handler = service_fn(move |request: Request<Incoming>| {
        let page = page.clone();
        async move { Ok::<_, Infallible>(answer(&request, page).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), handler);
    if let Err(error) = served.await {
        tracing::debug!(%error, "a connection for metrics ended early");
    }
}

async fn answer(request: &Request<Incoming>, page: Page) -> Response<Full<Bytes>> {
    match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/metrics") => scrape(page).await,
        (_, "/metrics") => {
            let mut response =
                with_type(StatusCode::METHOD_NOT_ALLOWED, TEXT, "metrics take GET\n");
            let allow = HeaderValue::from_static("GET, HEAD");
            response.headers_mut().insert(header::ALLOW, allow);
            response
        }
        _ => with_type(
            StatusCode::NOT_FOUND,
            TEXT,
            "here is nothing but /metrics; clients connect elsewhere\n",
        ),
    }
}

/// On a thread that may wait for the database, which the server's numbers are read from.
async fn scrape(page: Page) -> Response<Full<Bytes>> {
    match spawn_blocking(move || page.text()).await {
        Ok(Some(text)) => with_type(StatusCode::OK, KIND, text),
        Ok(None) | Err(_) => {
            let message = "the metrics cannot be encoded\n";
            with_type(StatusCode::INTERNAL_SERVER_ERROR, TEXT, message)
        }
    }
}

fn with_type(
    status: StatusCode,
    kind: &'static str,
    body: impl Into<Bytes>,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
