//! From a request body to the body of its answer.

use std::sync::Arc;

use antiphon_api::{
    ErrorCode, RpcError,
    jsonrpc::{MAX_BATCH, MAX_BATCH_ANSWER_BYTES, Request, Response},
};
use antiphon_wire::RequestId;
use serde_json::value::RawValue;
use tokio::time::Instant;
use tracing::Instrument;

use super::{call::carry_out, log, router::Router};
use crate::{
    context::{Caller, Failure, Shared},
    metrics::UNKNOWN,
};

/// What goes back for one request body.
pub(crate) enum Answers {
    /// Nothing but notifications.
    None,
    One(Response),
    /// The array, encoded.
    Batch(Vec<u8>),
}

/// Carries out everything in a request body; a batch in order, one call after the other.
pub(crate) async fn answer(
    router: &Router,
    shared: &Arc<Shared>,
    caller: &Caller,
    request_id: &RequestId,
    body: &[u8],
) -> Answers {
    if body.trim_ascii_start().first() != Some(&b'[') {
        let response = match serde_json::from_slice::<Box<RawValue>>(body) {
            Ok(call) => answer_one(router, shared, caller, request_id, &call).await,
            Err(error) => Some(not_json(shared, &error, request_id)),
        };
        return response.map_or(Answers::None, Answers::One);
    }
    let calls: Vec<Box<RawValue>> = match serde_json::from_slice(body) {
        Ok(calls) => calls,
        Err(error) => return Answers::One(not_json(shared, &error, request_id)),
    };
    if calls.is_empty() || calls.len() > MAX_BATCH {
        let message = format!(
            "a batch holds 1 to {MAX_BATCH} calls, this one {}",
            calls.len()
        );
        return Answers::One(failed(
            shared,
            ErrorCode::InvalidRequest,
            message,
            request_id,
        ));
    }
    answer_batch(router, shared, caller, request_id, &calls).await
}

async fn answer_batch(
    router: &Router,
    shared: &Arc<Shared>,
    caller: &Caller,
    request_id: &RequestId,
    calls: &[Box<RawValue>],
) -> Answers {
    let mut encoded = Vec::new();
    for call in calls {
        let response = if encoded.len() > MAX_BATCH_ANSWER_BYTES {
            not_run(router, shared, request_id, call)
        } else {
            answer_one(router, shared, caller, request_id, call).await
        };
        if let Some(response) = response {
            encoded.push(if encoded.is_empty() { b'[' } else { b',' });
            serde_json::to_writer(&mut encoded, &response).expect("an answer encodes");
        }
    }
    if encoded.is_empty() {
        return Answers::None;
    }
    encoded.push(b']');
    Answers::Batch(encoded)
}

/// The answer to a call of a batch whose answers are too large already.
fn not_run(
    router: &Router,
    shared: &Shared,
    request_id: &RequestId,
    call: &RawValue,
) -> Option<Response> {
    let request = match parsed(shared, call, request_id) {
        Ok(request) => request,
        Err(refused) => return Some(refused),
    };
    let message = format!(
        "not carried out: the batch's answers are over {MAX_BATCH_ANSWER_BYTES} bytes already; ask \
         for fewer at once"
    );
    let error = RpcError::over(MAX_BATCH_ANSWER_BYTES, message);
    let method = router.name_of(&request.method).unwrap_or(UNKNOWN);
    shared.metrics.answered(method, Some(&error));
    let outcome = Err(request_id.name(error));
    Some(Response::new(Some(request.id?.to_owned()), outcome))
}

fn not_json(shared: &Shared, error: &serde_json::Error, request_id: &RequestId) -> Response {
    let message = format!("the request is not JSON: {error}");
    failed(shared, ErrorCode::ParseError, message, request_id)
}

/// The answer to what is no call.
fn failed(shared: &Shared, code: ErrorCode, message: String, request_id: &RequestId) -> Response {
    tracing::debug!(%request_id, code = code.code(), "what is no call was refused");
    let error = RpcError::new(code, message);
    shared.metrics.answered(UNKNOWN, Some(&error));
    Response::new(None, Err(request_id.name(error)))
}

/// `None` for a notification.
async fn answer_one(
    router: &Router,
    shared: &Arc<Shared>,
    caller: &Caller,
    request_id: &RequestId,
    call: &RawValue,
) -> Option<Response> {
    let request = match parsed(shared, call, request_id) {
        Ok(request) => request,
        Err(refused) => return Some(refused),
    };
    let id = request.id.map(ToOwned::to_owned);
    let method = router.name_of(&request.method);
    let span = log::span(request_id, caller, method);
    let begun = Instant::now();
    let call = logged(carry_out(router, shared, caller, &request), begun).instrument(span);
    let outcome = call.await.map_err(|error| request_id.name(error));
    let error = outcome.as_ref().err();
    let method = method.unwrap_or(UNKNOWN);
    shared.metrics.carried_out(method, error, begun.elapsed());
    id.map(|id| Response::new(Some(id), outcome))
}

/// Logs how a call ends.
async fn logged(
    call: impl Future<Output = Result<Box<RawValue>, Failure>>,
    begun: Instant,
) -> Result<Box<RawValue>, RpcError> {
    let outcome = call.await.map_err(log::tell);
    log::ended(
        outcome.as_ref().map(|result| result.get().len()),
        begun.elapsed(),
    );
    outcome
}

/// The call, or the answer to what is none.
fn parsed<'a>(
    shared: &Shared,
    call: &'a RawValue,
    request_id: &RequestId,
) -> Result<Request<'a>, Response> {
    parse(call).map_err(|message| failed(shared, ErrorCode::InvalidRequest, message, request_id))
}

fn parse(call: &RawValue) -> Result<Request<'_>, String> {
    let request: Request<'_> = serde_json::from_str(call.get())
        .map_err(|error| format!("this is not a JSON-RPC 2.0 call: {error}"))?;
    if request.jsonrpc != "2.0" {
        return Err("jsonrpc must be \"2.0\"".to_owned());
    }
    let id_fits = request.id.is_none_or(|id| {
        id.get().starts_with(|first: char| {
            first == '"' || first == '-' || first == 'n' || first.is_ascii_digit()
        })
    });
    if !id_fits {
        return Err("id must be a string, a number or null".to_owned());
    }
    Ok(request)
}
