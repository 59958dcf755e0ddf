//! From an upgrade request to a tab on a WebSocket.

use std::sync::Arc;

use antiphon_api::{frame::CloseCode, identity::Identity};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Empty};
use hyper::{
    body::Incoming,
    upgrade::{OnUpgrade, Parts},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tungstenite::handshake::derive_accept_key;

use super::{Body, refuse, respond, seats::Seat, stream};
use crate::{
    auth::{Protocol, Refusal},
    directory::Tab,
    gateway::Gateway,
    tab::socket,
};

pub(super) const PREFIX: &str = "/ws/user/";

/// Answers an upgrade request. Everything is decided before the answer, so that a client that can
/// read an HTTP status gets one; a browser cannot, so for one that offers our subprotocol the
/// upgrade is made and closed at once.
pub(super) async fn upgrade(
    gateway: Arc<Gateway>,
    mut request: Request<Incoming>,
) -> Response<Body> {
    let Some(accept) = accept_key(request.headers()) else {
        return not_an_upgrade();
    };
    let protocol = Protocol::offered(request.headers());
    let attached = match protocol {
        Protocol::Unknown(_) => Err(Refusal::version()),
        Protocol::None | Protocol::Ours => stream::attach(&gateway, &request, PREFIX, None).await,
    };
    if let Err(refusal) = &attached {
        gateway.metrics.refused(refusal);
    }
    let outcome = match attached {
        Ok((tab, identity)) => Ok((tab, identity)),
        Err(refusal) if protocol == Protocol::None => return refuse(&refusal),
        Err(refusal) => {
            refusal.log();
            Err(refusal.close)
        }
    };
    let seat = request.extensions().get::<Seat>().cloned();
    let on_upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        run(gateway, on_upgrade, outcome).await;
        drop(seat);
    });
    switching(&accept, &protocol)
}

async fn run(
    gateway: Arc<Gateway>,
    on_upgrade: OnUpgrade,
    outcome: Result<(Tab, Arc<Identity>), CloseCode>,
) {
    let upgraded = match on_upgrade.await {
        Ok(upgraded) => upgraded,
        Err(error) => {
            tracing::debug!(%error, "an upgrade was not finished");
            return;
        }
    };
    let Ok(Parts { io, read_buf, .. }) = upgraded.downcast::<TokioIo<TcpStream>>() else {
        tracing::error!("a connection is not the kind that was accepted");
        return;
    };
    let stream = io.into_inner();
    match outcome {
        Ok((tab, identity)) => {
            socket::run(stream, read_buf, tab, identity, gateway).await;
        }
        Err(code) => socket::refuse(stream, code).await,
    }
}

/// The answer to the client's key (RFC 6455, section 4.2.2), if this is a WebSocket upgrade.
fn accept_key(headers: &HeaderMap) -> Option<String> {
    let has = |name, wanted: &str| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|value| value.trim().eq_ignore_ascii_case(wanted))
    };
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?;
    let fits = has(header::CONNECTION, "upgrade")
        && has(header::UPGRADE, "websocket")
        && has(header::SEC_WEBSOCKET_VERSION, "13");
    fits.then(|| derive_accept_key(key.as_bytes()))
}

fn not_an_upgrade() -> Response<Body> {
    let mut response = respond::text(
        StatusCode::UPGRADE_REQUIRED,
        "this is a WebSocket (RFC 6455, version 13); the same stream as Server-Sent Events is \
         at /sse/user/\n",
    );
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(
        header::SEC_WEBSOCKET_VERSION,
        HeaderValue::from_static("13"),
    );
    response
}

fn switching(accept: &str, protocol: &Protocol) -> Response<Body> {
    let mut response = Response::new(Empty::<Bytes>::new().boxed());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(name) = protocol.echoed() {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, name);
    }
    response
}
