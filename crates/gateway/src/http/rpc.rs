//! `POST /rpc` and the OpenRPC document.

use std::time::Duration;

use antiphon_api::{
    RpcError,
    jsonrpc::{MAX_REQUEST_BYTES, Response as RpcResponse},
};
use antiphon_wire::RequestId;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;

use super::{Body, query_of, refuse, respond};
use crate::{auth::Refusal, gateway::Gateway, span};

/// A request whose body is not there by then is refused.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Passes the calls of a request on.
pub(super) async fn call(
    gateway: &Gateway,
    request: Request<Incoming>,
    request_id: &RequestId,
) -> Response<Body> {
    let mut response = match forward(gateway, request, request_id).await {
        Ok(response) => response,
        Err((status, error)) => json(status, &RpcResponse::new(None, Err(request_id.name(error)))),
    };
    respond::ask_back_later(&mut response);
    gateway.metrics.called(response.status());
    response
}

async fn forward(
    gateway: &Gateway,
    request: Request<Incoming>,
    request_id: &RequestId,
) -> Result<Response<Body>, (StatusCode, RpcError)> {
    let query = query_of(request.uri());
    let identity = gateway
        .identify(request.headers(), &query)
        .await
        .map_err(|refusal| {
            refusal.log();
            (refusal.status, refusal.error())
        })?;
    span::is_by(identity.user_id);
    let body = Limited::new(request.into_body(), MAX_REQUEST_BYTES).collect();
    let Ok(body) = tokio::time::timeout(BODY_TIMEOUT, body).await else {
        return Ok(respond::text(
            StatusCode::REQUEST_TIMEOUT,
            "the body came too slowly\n",
        ));
    };
    let body = match body {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            let error = RpcError::too_large("the request", MAX_REQUEST_BYTES);
            return Err((StatusCode::PAYLOAD_TOO_LARGE, error));
        }
        Err(_) => {
            return Ok(respond::text(
                StatusCode::BAD_REQUEST,
                "the body ended early\n",
            ));
        }
    };
    let answer = gateway.calls.forward(&identity, body, request_id).await;
    let (mut parts, body) = answer.into_parts();
    if !body.is_empty() {
        let json = HeaderValue::from_static("application/json");
        parts.headers.entry(header::CONTENT_TYPE).or_insert(json);
    }
    Ok(Response::from_parts(parts, Full::new(body).boxed()))
}

/// The server's own document: what is served is what it answers to.
pub(super) async fn document(gateway: &Gateway) -> Response<Body> {
    match gateway.rpc.call_raw("rpc.discover", None).await {
        Ok(document) => respond::full(
            StatusCode::OK,
            "application/json",
            document.get().to_owned(),
        ),
        Err(error) => {
            tracing::warn!(%error, "the OpenRPC document is not to be had");
            let refusal = Refusal::unavailable("the server is away");
            refuse(&refusal)
        }
    }
}

fn json(status: StatusCode, response: &RpcResponse) -> Response<Body> {
    let body = serde_json::to_vec(response).unwrap_or_default();
    respond::full(status, "application/json", body)
}
