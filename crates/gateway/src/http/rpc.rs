//! Calls, passed on to the server as they came.

use antiphon_api::{
    RpcError,
    jsonrpc::{MAX_REQUEST_BYTES, Response as RpcResponse},
};
use antiphon_client::rpc::Rpc;
use antiphon_token::Identity;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Body, Gateway, respond};

const REQUEST_ID: HeaderName = HeaderName::from_static("antiphon-request-id");
const TOKEN_EXPIRES: HeaderName = HeaderName::from_static("antiphon-token-expires");
const TOKEN_ID: HeaderName = HeaderName::from_static("antiphon-token-id");
const TOKEN_ISSUED: HeaderName = HeaderName::from_static("antiphon-token-issued");

/// The way to the server. Nothing a client sends as a header goes with a call but its request id:
/// who calls is the verified token's user.
#[derive(Clone)]
pub(crate) struct Calls {
    rpc: Rpc,
}

impl Calls {
    pub(crate) fn new(rpc: Rpc) -> Self {
        Self { rpc }
    }

    /// The server's answer to a body of one or more calls, or ours in its place.
    async fn forward(
        &self,
        identity: &Identity,
        body: Bytes,
        request_id: Option<HeaderValue>,
    ) -> Response<Bytes> {
        let mut headers = headers_of(identity);
        headers.extend(request_id.map(|id| (REQUEST_ID, id)));
        let rpc = self.rpc.acting_as(identity.user);
        match rpc.forward(body.clone(), headers).await {
            Ok(response) => response,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a call was not answered"
                );
                let error = RpcError::unavailable("the server is away", error.indeterminate());
                let answer = Self::answer_all(&body, &error).unwrap_or_default();
                let mut response = Response::new(answer.into());
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                response
            }
        }
    }

    /// The same error for every call of a body, in the server's place: `None` if all of them are
    /// notifications, and without an id where it cannot be read.
    pub(crate) fn answer_all(body: &[u8], error: &RpcError) -> Option<Vec<u8>> {
        let answer = |call: &RawValue| {
            let id = match serde_json::from_str::<Call<'_>>(call.get()) {
                Ok(call) => Some(call.id?.to_owned()),
                Err(_) => None,
            };
            Some(RpcResponse::new(id, Err(error.clone())))
        };
        let encoded = match serde_json::from_slice::<Vec<&RawValue>>(body) {
            Ok(calls) => {
                let answers: Vec<_> = calls.into_iter().filter_map(answer).collect();
                (!answers.is_empty()).then(|| serde_json::to_vec(&answers))?
            }
            Err(_) => match serde_json::from_slice::<&RawValue>(body) {
                Ok(call) => serde_json::to_vec(&answer(call)?),
                Err(_) => serde_json::to_vec(&RpcResponse::new(None, Err(error.clone()))),
            },
        };
        encoded.ok()
    }

    /// The answer to a call that came over a tab's own connection; `None` for notifications.
    pub(crate) async fn answer(&self, identity: &Identity, body: Bytes) -> Option<Vec<u8>> {
        let answer = self.forward(identity, body, None).await.into_body();
        (!answer.is_empty()).then(|| answer.into())
    }
}

/// What is read of a call that is not passed on.
#[derive(Deserialize)]
struct Call<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
}

fn headers_of(identity: &Identity) -> HeaderMap {
    let fields = [
        (
            TOKEN_EXPIRES,
            identity
                .expires_at
                .map(|time| HeaderValue::from(time.get())),
        ),
        (
            TOKEN_ISSUED,
            identity.issued_at.map(|time| HeaderValue::from(time.get())),
        ),
        (
            TOKEN_ID,
            identity
                .jti
                .as_ref()
                .and_then(|jti| HeaderValue::from_str(jti).ok()),
        ),
    ];
    fields
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

impl Gateway {
    pub(super) async fn rpc(&self, request: Request<Incoming>) -> Response<Body> {
        let identity = match self.identify(request.headers(), request.uri()).await {
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
        let answer = self.calls.forward(&identity, body, request_id).await;
        let (mut parts, body) = answer.into_parts();
        if !body.is_empty() {
            parts
                .headers
                .entry(http::header::CONTENT_TYPE)
                .or_insert(HeaderValue::from_static("application/json"));
        }
        Response::from_parts(parts, Full::new(body).boxed())
    }

    /// The server's own document: what is served is what it answers to.
    pub(super) async fn openrpc(&self) -> Response<Body> {
        match self.rpc.call_raw("rpc.discover", None).await {
            Ok(document) => respond::full(
                StatusCode::OK,
                "application/json",
                document.get().to_owned(),
            ),
            Err(error) => {
                tracing::warn!(%error, "the OpenRPC document is not to be had");
                let refusal = crate::auth::Refusal::unavailable("the server is away");
                respond::refuse(&refusal)
            }
        }
    }
}

fn json(status: StatusCode, response: &RpcResponse) -> Response<Body> {
    let body = serde_json::to_vec(response).unwrap_or_default();
    respond::full(status, "application/json", body)
}
