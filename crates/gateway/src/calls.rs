//! Calls, passed on to the server as they came.

use std::{sync::Arc, time::Duration};

use antiphon_api::{
    RpcError,
    identity::{Identity, Presented},
    ids::UnixMs,
    jsonrpc::Response as RpcResponse,
};
use antiphon_client::rpc::{MAX_ANSWER_BYTES, Rpc, TransportError};
use antiphon_wire::{RequestId, TOKEN_EXPIRES, TOKEN_ID, TOKEN_ISSUED};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::{sync::Semaphore, time::Instant};

use crate::{clock, metrics::Metrics};

/// The way to the server. Nothing a client sends as a header goes with a call but its request id:
/// who calls is the verified token's user.
#[derive(Clone)]
pub(crate) struct Calls {
    rpc: Rpc,
    permits: Arc<Semaphore>,
    metrics: Metrics,
}

/// How many calls are with the server at once; further ones wait.
const AT_ONCE: u32 = 256;
/// A request that takes longer is warned of.
const SLOW: Duration = Duration::from_secs(1);

impl Calls {
    pub(crate) fn new(rpc: Rpc, metrics: Metrics) -> Self {
        Self {
            rpc,
            metrics,
            permits: Arc::new(Semaphore::new(AT_ONCE as usize)),
        }
    }

    /// Resolves when no call is under way.
    pub(crate) async fn finished(&self) {
        // An error means that the permits are closed, and so is everything.
        let _ = self.permits.acquire_many(AT_ONCE).await;
    }

    /// The server's answer to a body of one or more calls, or ours in its place.
    pub(crate) async fn forward(
        &self,
        identity: &Identity,
        body: Bytes,
        request_id: &RequestId,
    ) -> Response<Bytes> {
        let mut headers = headers_of(&identity.token);
        headers.insert(RequestId::HEADER, request_id.header());
        let rpc = self.rpc.acting_as(identity.user_id);
        let (begun, bytes) = (Instant::now(), body.len());
        let _permit = self.permits.acquire().await;
        let forwarded = rpc.forward(body.clone(), headers).await;
        let took = begun.elapsed();
        let ms = clock::millis(took);
        match forwarded {
            Ok(response) => {
                let status = response.status().as_u16();
                if took > SLOW {
                    tracing::warn!(status, ms, "a call was answered slowly");
                } else {
                    tracing::debug!(status, ms, "a call was answered");
                }
                tracing::trace!(bytes, answered = response.body().len(), "passed on");
                response
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    ms,
                    "a call was not answered"
                );
                let (status, error) = in_place_of_the_answer(&error);
                let answer = Self::answer_all(&body, &request_id.name(error)).unwrap_or_default();
                let mut response = Response::new(answer.into());
                *response.status_mut() = status;
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
    pub(crate) async fn answer(
        &self,
        identity: &Identity,
        body: Bytes,
        request_id: &RequestId,
    ) -> Option<Vec<u8>> {
        let response = self.forward(identity, body, request_id).await;
        self.metrics.called(response.status());
        let answer = response.into_body();
        (!answer.is_empty()).then(|| answer.into())
    }
}

/// What is said of a request whose answer did not come whole.
fn in_place_of_the_answer(error: &TransportError) -> (StatusCode, RpcError) {
    match error {
        TransportError::TooLong => {
            let error = RpcError::too_large("the answer", MAX_ANSWER_BYTES);
            (StatusCode::PAYLOAD_TOO_LARGE, error)
        }
        TransportError::Connect { .. } | TransportError::Broken { .. } => {
            let error = RpcError::unavailable("the server is away", error.indeterminate());
            (StatusCode::SERVICE_UNAVAILABLE, error)
        }
    }
}

/// What is read of a call that is not passed on.
#[derive(Deserialize)]
struct Call<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
}

fn headers_of(token: &Presented) -> HeaderMap {
    let time = |time: Option<UnixMs>| time.map(|time| HeaderValue::from(time.get()));
    let name = token.jti.as_deref();
    let fields = [
        (TOKEN_EXPIRES, time(token.expires_at)),
        (TOKEN_ISSUED, time(token.issued_at)),
        (
            TOKEN_ID,
            name.and_then(|jti| HeaderValue::from_str(jti).ok()),
        ),
    ];
    fields
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}
