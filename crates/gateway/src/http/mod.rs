//! The gateway's HTTP: from a connection to the room that answers.

mod event_stream;
mod metrics;
mod page;
mod ready;
mod respond;
mod rpc;
mod seats;
mod server;
mod stream;
mod websocket;

use std::{net::IpAddr, sync::Arc};

use antiphon_wire::RequestId;
use http::{Method, Request, Response, StatusCode, Uri};
use hyper::body::Incoming;
use tokio::time::Instant;
use tracing::Instrument;

pub(crate) use server::{Course, serve};

use self::respond::{Body, not_found, refuse};
use crate::{auth, clock, gateway::Gateway, request_id, span};

/// Answers one request that came from `peer`, under its id.
async fn answer(gateway: Arc<Gateway>, peer: IpAddr, request: Request<Incoming>) -> Response<Body> {
    let request_id = RequestId::of(request.headers()).unwrap_or_else(request_id::random);
    let span = span::request(&request_id, route_of(request.uri().path()));
    let answered = async {
        let begun = Instant::now();
        let response = route(gateway, peer, request, &request_id).await;
        let (status, ms) = (response.status().as_u16(), clock::millis(begun.elapsed()));
        tracing::debug!(status, ms, "a request was answered");
        response
    };
    let mut response = answered.instrument(span).await;
    response
        .headers_mut()
        .insert(RequestId::HEADER, request_id.header());
    response
}

/// What the log calls the place of a path, which is a client's own text.
fn route_of(path: &str) -> &'static str {
    match path {
        "/healthz" => "healthz",
        "/readyz" => "readyz",
        "/metrics" => "metrics",
        "/openrpc.json" => "openrpc",
        "/rpc" => "rpc",
        path if path.starts_with(websocket::PREFIX) => "ws",
        path if path.starts_with(event_stream::PREFIX) => "sse",
        path if page::exists(path) => "page",
        _ => "none",
    }
}

async fn route(
    gateway: Arc<Gateway>,
    peer: IpAddr,
    request: Request<Incoming>,
    request_id: &RequestId,
) -> Response<Body> {
    if gateway.dev
        && let Err(refusal) = auth::check_loopback_host(request.headers())
    {
        return refuse(&refusal);
    }
    let path = request.uri().path().to_owned();
    match (request.method(), path.as_str()) {
        (&Method::GET | &Method::HEAD, "/healthz") => respond::text(StatusCode::OK, "ok\n"),
        (&Method::GET | &Method::HEAD, "/readyz") => ready::answer(&gateway),
        (&Method::GET | &Method::HEAD, "/metrics") if metrics::is_for(peer, request.headers()) => {
            metrics::answer(&gateway).await
        }
        (&Method::GET, "/openrpc.json") => rpc::document(&gateway).await,
        (&Method::POST, "/rpc") => rpc::call(&gateway, request, request_id).await,
        (&Method::GET, path) if path.starts_with(websocket::PREFIX) => {
            websocket::upgrade(gateway, request).await
        }
        (&Method::GET, path) if path.starts_with(event_stream::PREFIX) => {
            event_stream::open(gateway, &request).await
        }
        (_, "/rpc") => respond::method_not_allowed("POST"),
        (&Method::GET | &Method::HEAD, path) => page::find(path),
        (_, path) if page::exists(path) => respond::method_not_allowed("GET"),
        _ => not_found(),
    }
}

/// The query's parameters, decoded.
fn query_of(uri: &Uri) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_encoding::percent_decode_str(&text)
            .decode_utf8_lossy()
            .into_owned()
    };
    uri.query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}
