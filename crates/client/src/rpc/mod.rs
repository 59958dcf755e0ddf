//! Calls: JSON-RPC 2.0 over HTTP/1.1, to a server's `rpc.sock` or to `http://host:port/rpc`.
//!
//! An [`Rpc`] is a pool of kept-alive connections and an identity; its clones share the pool and
//! may differ in the identity. Three promises:
//!
//! - A request is written at most once. The pool takes another connection only when the one it
//!   had was found closed before a byte of the request was written; after that a lost connection
//!   is an error that says so ([`TransportError::Broken`]), because the call may have been
//!   carried out. Whoever wants to repeat it does so with the same idempotency key.
//! - A call ends: [`CALL_TIMEOUT`], or what [`Rpc::with_timeout`] says.
//! - An answer is bounded: [`MAX_ANSWER_BYTES`].

mod connect;
mod error;
mod headers;
#[cfg(test)]
mod tests;

use std::{path::PathBuf, time::Duration};

use antiphon_api::{
    Method,
    ids::UserId,
    jsonrpc::{Request, Response, Version},
};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Uri,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use serde::Serialize;
use serde_json::value::RawValue;

use connect::Pool;
pub use error::{BadUrl, CallError, TransportError};

/// How long a call may take, from the search for a connection to the last byte of the answer;
/// then it is [`TransportError::Broken`].
pub const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// How long connecting may take; then the call is [`TransportError::Connect`].
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest answer, in bytes; a larger one is [`TransportError::TooLong`].
pub const MAX_ANSWER_BYTES: usize = 16 << 20;
/// How many unused connections are kept, at most; others are closed after use.
pub const MAX_IDLE_CONNECTIONS: usize = 32;
/// How long an unused connection is kept.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// Calls methods as one identity. Clones share their connections.
#[derive(Clone)]
pub struct Rpc {
    pool: Pool,
    uri: Uri,
    /// Who calls; set on every request.
    identity: HeaderMap,
    timeout: Duration,
}

/// A method's params with the key beside them.
#[derive(Serialize)]
struct Keyed<'a, P> {
    #[serde(flatten)]
    params: &'a P,
    idempotency_key: &'a str,
}

impl Rpc {
    /// Calls the server that listens at `path`, as the operator until [`acting_as`](Self::acting_as).
    /// Connects with the first call. Must be used within a Tokio runtime.
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self {
            pool: Pool::unix(path.into()),
            uri: Uri::from_static("http://localhost/rpc"),
            identity: HeaderMap::new(),
            timeout: CALL_TIMEOUT,
        }
    }

    /// Calls `http://host[:port]`, where a path, if there is one, must be `/rpc`.
    ///
    /// # Errors
    /// When `url` is something else, or `token` cannot stand in a header.
    pub fn http(url: &str, token: Option<String>) -> Result<Self, BadUrl> {
        let mut identity = HeaderMap::new();
        if let Some(token) = token {
            let mut value =
                HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| BadUrl::Token)?;
            value.set_sensitive(true);
            identity.insert(AUTHORIZATION, value);
        }
        Ok(Self {
            pool: Pool::tcp(),
            uri: connect::endpoint(url)?,
            identity,
            timeout: CALL_TIMEOUT,
        })
    }

    /// The same connections, acting as `user`. The server believes it on `rpc.sock` alone.
    #[must_use]
    pub fn acting_as(&self, user: UserId) -> Self {
        let mut other = self.clone();
        other
            .identity
            .insert(headers::USER, HeaderValue::from(user.get()));
        other
    }

    /// With another limit than [`CALL_TIMEOUT`].
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Calls `M` and waits for its result.
    ///
    /// # Errors
    /// See [`CallError`]; [`CallError::indeterminate`] says whether it may have been carried out.
    pub async fn call<M: Method>(&self, params: &M::Params) -> Result<M::Result, CallError> {
        let params = serde_json::value::to_raw_value(params).map_err(CallError::Encode)?;
        self.typed::<M>(&params).await
    }

    /// Calls the mutation `M` under an idempotency key of 1 to 64 characters: for 24 hours the same
    /// caller's calls of `M` with this key and the same params have one effect and one answer. So a
    /// call that may have been carried out is repeated without harm.
    ///
    /// # Errors
    /// As [`call`](Self::call); -32009 if the key was used with other params.
    pub async fn call_once<M: Method>(
        &self,
        key: &str,
        params: &M::Params,
    ) -> Result<M::Result, CallError> {
        let params = Keyed {
            params,
            idempotency_key: key,
        };
        let params = serde_json::value::to_raw_value(&params).map_err(CallError::Encode)?;
        self.typed::<M>(&params).await
    }

    /// Calls a method by its name, with `params` as they are.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn call_raw(
        &self,
        method: &str,
        params: Option<&RawValue>,
    ) -> Result<Box<RawValue>, CallError> {
        let id = serde_json::value::to_raw_value(&1).map_err(CallError::Encode)?;
        let body = serde_json::to_vec(&Request {
            jsonrpc: "2.0".into(),
            method: method.into(),
            params,
            id: Some(&id),
        })
        .map_err(CallError::Encode)?;
        let answer = self.send(body.into(), HeaderMap::new()).await?;
        outcome(&answer)
    }

    /// Puts somebody's request to the server as it came: any body, single or batch, and the
    /// answer to it whatever its status. Of `headers` those pass that neither belong to the
    /// connection they came on nor say who calls (`Authorization`, `Cookie`, `Antiphon-User`);
    /// who calls is this `Rpc`'s identity. The answer's headers are rid of its connection's own.
    ///
    /// # Errors
    /// When no whole answer came.
    pub async fn forward(
        &self,
        body: Bytes,
        headers: HeaderMap,
    ) -> Result<http::Response<Bytes>, TransportError> {
        self.send(body, headers::passed_on(headers)).await
    }

    async fn typed<M: Method>(&self, params: &RawValue) -> Result<M::Result, CallError> {
        let result = self.call_raw(M::NAME, Some(params)).await?;
        serde_json::from_str(result.get()).map_err(CallError::Decode)
    }

    async fn send(
        &self,
        body: Bytes,
        mut headers: HeaderMap,
    ) -> Result<http::Response<Bytes>, TransportError> {
        headers
            .entry(CONTENT_TYPE)
            .or_insert(HeaderValue::from_static("application/json"));
        headers.extend(self.identity.clone());
        let mut request = http::Request::new(Full::new(body));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = headers;
        tokio::time::timeout(self.timeout, exchange(&self.pool, request))
            .await
            .unwrap_or_else(|elapsed| Err(TransportError::broken(elapsed)))
    }
}

async fn exchange(
    pool: &Pool,
    request: http::Request<Full<Bytes>>,
) -> Result<http::Response<Bytes>, TransportError> {
    let (mut head, body) = pool.request(request).await?.into_parts();
    let body = Limited::new(body, MAX_ANSWER_BYTES)
        .collect()
        .await
        .map_err(|error| {
            if error.is::<LengthLimitError>() {
                TransportError::TooLong
            } else {
                TransportError::Broken { source: error }
            }
        })?;
    headers::strip_connection(&mut head.headers);
    Ok(http::Response::from_parts(head, body.to_bytes()))
}

/// What a single call's answer says. A gateway also refuses with statuses and bodies of its own.
fn outcome(answer: &http::Response<Bytes>) -> Result<Box<RawValue>, CallError> {
    let Ok(response) = serde_json::from_slice::<Response>(answer.body()) else {
        return Err(CallError::NotAnAnswer(answer.status()));
    };
    let Response {
        jsonrpc: Version::V2,
        result,
        error,
        id: _,
    } = response;
    match (result, error) {
        (_, Some(error)) => Err(CallError::Rpc(error)),
        (Some(result), None) => Ok(result),
        (None, None) => Err(CallError::NotAnAnswer(answer.status())),
    }
}
