//! `POST /rpc` and the OpenRPC document.

use antiphon_api::{
    RpcError,
    jsonrpc::{MAX_REQUEST_BYTES, Response as RpcResponse},
};
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;

use super::{Body, query_of, refuse, respond};
use crate::{auth::Refusal, calls::REQUEST_ID, gateway::Gateway};

/// Passes the calls of a request on.
pub(super) async fn call(gateway: &Gateway, request: Request<Incoming>) -> Response<Body> {
    let identity = match gateway
        .identify(request.headers(), &query_of(request.uri()))
        .await
    {
        Ok(identity) => identity,
        Err(refusal) => {
            let response = RpcResponse::new(None, Err(refusal.error()));
            return json(refusal.status, &response);
        }
    };
    let request_id = request.headers().get(REQUEST_ID).cloned();
    let body = match Limited::new(request.into_body(), MAX_REQUEST_BYTES)
        .collect()
        .await
    {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            let error = RpcError::too_large("the request", MAX_REQUEST_BYTES);
            return json(
                StatusCode::PAYLOAD_TOO_LARGE,
                &RpcResponse::new(None, Err(error)),
            );
        }
        Err(_) => return respond::text(StatusCode::BAD_REQUEST, "the body ended early\n"),
    };
    let answer = gateway.calls.forward(&identity, body, request_id).await;
    let (mut parts, body) = answer.into_parts();
    if !body.is_empty() {
        parts
            .headers
            .entry(header::CONTENT_TYPE)
            .or_insert(HeaderValue::from_static("application/json"));
    }
    Response::from_parts(parts, Full::new(body).boxed())
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
