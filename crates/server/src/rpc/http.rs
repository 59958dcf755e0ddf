//! HTTP/1.1 around JSON-RPC, on rpc.sock and, when asked, on TCP.

use std::{cell::Cell, convert::Infallible, sync::Arc, time::Duration};

use antiphon_api::{
    RpcError,
    identity::Identity,
    jsonrpc::{MAX_REQUEST_BYTES, Response as RpcResponse},
};
use antiphon_token::{Subject, Verifier};
use antiphon_wire::RequestId;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{Semaphore, oneshot, watch},
    task::JoinSet,
};

use super::{Answers, Router, answer, caller, external};
use crate::{
    context::{Caller, Shared},
    listen::Listener,
    metrics::UNKNOWN,
    stop::{STOP_PATIENCE, asked},
};

/// A peer that has not sent its next headers by then is dropped (slow loris). Longer than a client
/// keeps a connection it does not use, so that it is the client who ends it.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// The same for the body that follows.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// The most connections at once on each listener; a further one waits in the listen queue.
const MAX_CONNECTIONS: usize = 1024;
/// How long after a stop was asked for a peer that was accepted before may take to begin its first
/// request: it has been let in, and would wait for the next server otherwise.
const NEWCOMER_PATIENCE: Duration = Duration::from_secs(1);
/// After a failed accept (no file descriptors, say) the listener rests before it tries again.
const ACCEPT_REST: Duration = Duration::from_millis(100);

const JSON: &str = "application/json";

/// What every connection needs.
#[derive(Clone)]
struct Service {
    router: Arc<Router>,
    shared: Arc<Shared>,
    /// Who calls: by token, or by header when there is no verifier.
    verifier: Option<Verifier>,
}

/// Serves a listener until `stop` turns true, then lets the calls under way finish, but not longer
/// than [`STOP_PATIENCE`]. With a verifier a token says who calls; without, the peer has been
/// checked.
pub(crate) async fn serve<L: Listener>(
    listener: L,
    router: Arc<Router>,
    shared: Arc<Shared>,
    verifier: Option<Verifier>,
    mut stop: watch::Receiver<bool>,
) {
    let service = Service {
        router,
        shared,
        verifier,
    };
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let accepted = async {
            let permit = Arc::clone(&permits).acquire_owned().await.ok()?;
            Some((permit, listener.accept().await))
        };
        tokio::select! {
            () = asked(&mut stop) => break,
            Some((permit, stream)) = accepted => match stream {
                Ok(stream) => {
                    let connection = connection(stream, service.clone(), stop.clone());
                    connections.spawn(async move {
                        connection.await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_REST).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    finish(connections).await;
}

/// Lets connections end, but not longer than [`STOP_PATIENCE`].
async fn finish(mut connections: JoinSet<()>) {
    let finished = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(STOP_PATIENCE, finished).await.is_err() {
        tracing::warn!(
            left = connections.len(),
            "peers that take no answer are dropped"
        );
        connections.shutdown().await;
    }
}

async fn connection<S>(stream: S, service: Service, mut stop: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (newcomer, first_request) = oneshot::channel::<Infallible>();
    let newcomer = Cell::new(Some(newcomer));
    let handler = service_fn(move |request| {
        drop(newcomer.take());
        let service = service.clone();
        async move { Ok::<_, Infallible>(service.respond(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), handler);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = last_chance(&mut stop, first_request) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Resolves when a stop was asked for and the peer has begun its first request, or had the time to.
async fn last_chance(
    stop: &mut watch::Receiver<bool>,
    first_request: oneshot::Receiver<Infallible>,
) {
    asked(stop).await;
    let _ = tokio::time::timeout(NEWCOMER_PATIENCE, first_request).await;
}

impl Service {
    async fn respond(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let request_id = RequestId::of(request.headers()).unwrap_or_else(random_id);
        let mut response = self.route(request, &request_id).await;
        response
            .headers_mut()
            .insert(RequestId::HEADER, request_id.header());
        response
    }

    async fn route(
        &self,
        request: Request<Incoming>,
        request_id: &RequestId,
    ) -> Response<Full<Bytes>> {
        if !matches!(request.uri().path(), "/" | "/rpc") {
            return text(StatusCode::NOT_FOUND, "JSON-RPC is at /rpc\n");
        }
        if request.method() != Method::POST {
            let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "JSON-RPC takes POST\n");
            response
                .headers_mut()
                .insert(header::ALLOW, HeaderValue::from_static("POST"));
            return response;
        }
        let caller = match self.caller(request.headers(), request_id).await {
            Ok(caller) => caller,
            Err(error) => return self.refuse(error, request_id),
        };
        let body = Limited::new(request.into_body(), MAX_REQUEST_BYTES).collect();
        let body = tokio::time::timeout(BODY_TIMEOUT, body)
            .await
            .unwrap_or_else(|elapsed| Err(elapsed.into()));
        let body = match body {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                let error = RpcError::too_large("the request", MAX_REQUEST_BYTES);
                return self.refuse(error, request_id);
            }
            Err(error) => {
                tracing::debug!(%error, %request_id, "a request body ended early");
                return text(StatusCode::BAD_REQUEST, "the request body ended early\n");
            }
        };
        match answer(&self.router, &self.shared, &caller, request_id, &body).await {
            Answers::None => empty(StatusCode::NO_CONTENT),
            Answers::One(response) => single(&response),
            Answers::Batch(array) => with_type(StatusCode::OK, JSON, array.into()),
        }
    }

    /// The answer to what is not looked at.
    fn refuse(&self, error: RpcError, request_id: &RequestId) -> Response<Full<Bytes>> {
        tracing::debug!(%request_id, code = error.code, "a request was refused");
        self.shared.metrics.answered(UNKNOWN, Some(&error));
        single(&RpcResponse::new(None, Err(request_id.name(error))))
    }

    async fn caller(
        &self,
        headers: &HeaderMap,
        request_id: &RequestId,
    ) -> Result<Caller, RpcError> {
        let Some(verifier) = &self.verifier else {
            return caller::by_header(headers);
        };
        let verified = caller::by_token(verifier, headers)?;
        let user_id = match &verified.subject {
            Subject::User(id) => *id,
            Subject::External(id) => external::resolve(&self.shared, id, request_id).await?,
        };
        Ok(Caller::User(Identity {
            user_id,
            token: verified.token,
        }))
    }
}

fn random_id() -> RequestId {
    RequestId::from_random(getrandom::u64().unwrap_or_default())
}

/// A single failed call also sets the status, and when to try again.
fn single(response: &RpcResponse) -> Response<Full<Bytes>> {
    let status = response
        .error
        .as_ref()
        .and_then(RpcError::kind)
        .and_then(|code| StatusCode::from_u16(code.http_status()).ok())
        .unwrap_or(StatusCode::OK);
    let wait_ms = response
        .error
        .as_ref()
        .and_then(|error| error.data["retry_after_ms"].as_u64());
    let mut answer = json(status, response);
    if let Some(wait_ms) = wait_ms {
        let seconds = HeaderValue::from(wait_ms.div_ceil(1000));
        answer.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    answer
}

fn json(status: StatusCode, body: &impl Serialize) -> Response<Full<Bytes>> {
    match serde_json::to_vec(body) {
        Ok(bytes) => with_type(status, JSON, bytes.into()),
        Err(error) => {
            tracing::error!(%error, "an answer cannot be encoded");
            text(StatusCode::INTERNAL_SERVER_ERROR, "internal error\n")
        }
    }
}

fn text(status: StatusCode, message: &'static str) -> Response<Full<Bytes>> {
    with_type(
        status,
        "text/plain; charset=utf-8",
        Bytes::from_static(message.as_bytes()),
    )
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

fn with_type(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
