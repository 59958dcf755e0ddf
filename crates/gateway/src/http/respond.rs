//! The answers that are made here.

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use serde_json::json;

use crate::auth::Refusal;

/// Any answer's body.
pub(crate) type Body = BoxBody<Bytes, Infallible>;

/// When a client that was refused for want of the server should come back, in seconds.
const RETRY_AFTER: &str = "1";

pub(crate) fn full(
    status: StatusCode,
    kind: &'static str,
    body: impl Into<Bytes>,
) -> Response<Body> {
    let mut response = Response::new(Full::new(body.into()).boxed());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

pub(crate) fn text(status: StatusCode, message: &'static str) -> Response<Body> {
    full(status, "text/plain; charset=utf-8", message)
}

pub(crate) fn not_found() -> Response<Body> {
    text(StatusCode::NOT_FOUND, "there is nothing here\n")
}

pub(crate) fn method_not_allowed(allow: &'static str) -> Response<Body> {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static(allow));
    response
}

pub(crate) fn too_many_connections() -> Response<Body> {
    let mut response = text(
        StatusCode::TOO_MANY_REQUESTS,
        "this address has too many connections\n",
    );
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
    response
}

pub(crate) fn refuse(refusal: &Refusal) -> Response<Body> {
    refusal.log();
    let body = json!({ "error": refusal.error() }).to_string();
    let mut response = full(refusal.status, "application/json", body);
    ask_back_later(&mut response);
    response
}

/// Says when to come back, on an answer that is for want of the server.
pub(crate) fn ask_back_later(response: &mut Response<Body>) {
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
    }
}
