//! From a request for Server-Sent Events to a tab.

use std::sync::Arc;

use antiphon_api::frame::CloseCode;
use antiphon_session::Resume;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;

use super::{Body, refuse, seats::Seat, stream};
use crate::{gateway::Gateway, tab::sse};

pub(super) const PREFIX: &str = "/sse/user/";

/// Where an EventSource was, by its own account; beats what the URL says.
const LAST_EVENT_ID: &str = "last-event-id";

/// Answers with a stream. Where coming back is pointless the answer is 204, which stops an
/// EventSource (HTML, 9.2.3).
pub(super) async fn open(gateway: Arc<Gateway>, request: &Request<Incoming>) -> Response<Body> {
    let resume = last_event(request.headers());
    let attached = stream::attach(&gateway, request, PREFIX, resume).await;
    if let Err(refusal) = &attached {
        gateway.metrics.refused(refusal);
    }
    let tab = match attached {
        Ok((tab, _)) => tab,
        Err(refusal) if refusal.close == CloseCode::Revoked => {
            refusal.log();
            return no_more();
        }
        Err(refusal) => return refuse(&refusal),
    };
    let mut response = Response::new(sse::start(tab, gateway).boxed());
    if let Some(seat) = request.extensions().get::<Seat>().cloned() {
        response = response.map(|body| seat.held_by(body));
    }
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

fn last_event(headers: &HeaderMap) -> Option<Resume> {
    let id = headers.get(LAST_EVENT_ID).filter(|id| !id.is_empty())?;
    Some(Resume::parse(
        Some(id.to_str().unwrap_or_default()),
        None,
        None,
    ))
}

fn no_more() -> Response<Body> {
    let mut response = Response::new(Empty::<Bytes>::new().boxed());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}
