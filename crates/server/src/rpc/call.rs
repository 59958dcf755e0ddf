//! From a request body to the body of its answer.

use std::sync::{Arc, LazyLock};

use antiphon_api::{
    ErrorCode, RpcError,
    ids::{Principal, UnixMs, UserId},
    jsonrpc::{MAX_ANSWER_BYTES, MAX_BATCH, Request, Response},
    openrpc,
};
use antiphon_store::{idempotency, idempotency::Earlier, revocation};
use rusqlite::Connection;
use serde_json::value::RawValue;

use super::router::{Prepared, Router, Run};
use crate::{
    clock,
    context::{Caller, Effects, Failure, Look, Shared, TokenOfCall, Work},
    fanout::wire_revocation,
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
    request_id: &str,
    body: &[u8],
) -> Answers {
    if body.trim_ascii_start().first() != Some(&b'[') {
        let response = match serde_json::from_slice::<Box<RawValue>>(body) {
            Ok(call) => answer_one(router, shared, caller, request_id, &call).await,
            Err(error) => Some(not_json(&error, request_id)),
        };
        return response.map_or(Answers::None, Answers::One);
    }
    let calls: Vec<Box<RawValue>> = match serde_json::from_slice(body) {
        Ok(calls) => calls,
        Err(error) => return Answers::One(not_json(&error, request_id)),
    };
    if calls.is_empty() || calls.len() > MAX_BATCH {
        let message = format!(
            "a batch holds 1 to {MAX_BATCH} calls, this one {}",
            calls.len()
        );
        return Answers::One(failed(ErrorCode::InvalidRequest, message, request_id));
    }
    answer_batch(router, shared, caller, request_id, &calls).await
}

async fn answer_batch(
    router: &Router,
    shared: &Arc<Shared>,
    caller: &Caller,
    request_id: &str,
    calls: &[Box<RawValue>],
) -> Answers {
    let mut encoded = Vec::new();
    for call in calls {
        let response = if encoded.len() > MAX_ANSWER_BYTES {
            not_run(request_id, call)
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
fn not_run(request_id: &str, call: &RawValue) -> Option<Response> {
    let request = match parse(call) {
        Ok(request) => request,
        Err(message) => return Some(failed(ErrorCode::InvalidRequest, message, request_id)),
    };
    let message = format!(
        "not carried out: the batch's answers are over {MAX_ANSWER_BYTES} bytes already; ask for \
         fewer at once"
    );
    let error = RpcError::new(ErrorCode::TooLarge, message)
        .with("limit", MAX_ANSWER_BYTES)
        .with("request_id", request_id);
    Some(Response::new(Some(request.id?.to_owned()), Err(error)))
}

fn not_json(error: &serde_json::Error, request_id: &str) -> Response {
    let message = format!("the request is not JSON: {error}");
    failed(ErrorCode::ParseError, message, request_id)
}

fn failed(code: ErrorCode, message: String, request_id: &str) -> Response {
    let error = RpcError::new(code, message).with("request_id", request_id);
    Response::new(None, Err(error))
}

/// `None` for a notification.
async fn answer_one(
    router: &Router,
    shared: &Arc<Shared>,
    caller: &Caller,
    request_id: &str,
    call: &RawValue,
) -> Option<Response> {
    let request = match parse(call) {
        Ok(request) => request,
        Err(message) => return Some(failed(ErrorCode::InvalidRequest, message, request_id)),
    };
    let id = request.id.map(ToOwned::to_owned);
    let outcome = carry_out(router, shared, caller, &request)
        .await
        .map_err(|failure| {
            tell(failure, request_id, &request.method).with("request_id", request_id)
        });
    id.map(|id| Response::new(Some(id), outcome))
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

/// What the caller learns of a failure; the rest goes to the log, under the request's id.
pub(super) fn tell(failure: Failure, request_id: &str, method: &str) -> RpcError {
    let internal = || RpcError::new(ErrorCode::Internal, "internal error");
    match failure {
        Failure::Refused(error) => error,
        Failure::Database(error) => {
            tracing::error!(%error, request_id, method, "the database refused a call");
            match error.sqlite_error_code() {
                Some(rusqlite::ErrorCode::DiskFull | rusqlite::ErrorCode::SystemIoFailure) => {
                    RpcError::unavailable("the database cannot be written", false)
                }
                _ => internal(),
            }
        }
        Failure::Internal(error) => {
            tracing::error!(%error, request_id, method, "a call failed");
            internal()
        }
    }
}

pub(super) async fn carry_out(
    router: &Router,
    shared: &Arc<Shared>,
    caller: &Caller,
    request: &Request<'_>,
) -> Result<Box<RawValue>, Failure> {
    if let Caller::User(user, _) = caller {
        shared
            .budgets
            .spend(*user, router.class_of(&request.method))?;
    }
    if request.method == "rpc.discover" {
        return Ok(DOCUMENT.clone());
    }
    let operator = *caller == Caller::Operator;
    let Prepared { method, run } = router.prepare(&request.method, request.params, operator)?;
    let call = Call {
        shared: Arc::clone(shared),
        caller: caller.clone(),
        method,
    };
    match run {
        Run::Query(run) => call.query(run).await,
        // On a task of its own: a caller who hangs up must not take the effects of what is
        // committed along.
        Run::Mutation {
            run,
            idempotency_key,
            params_hash,
        } => tokio::spawn(call.mutate(run, idempotency_key, params_hash))
            .await
            .unwrap_or_else(|error| Err(Failure::Internal(error.into()))),
    }
}

static DOCUMENT: LazyLock<Box<RawValue>> = LazyLock::new(|| {
    serde_json::value::to_raw_value(&openrpc::document()).expect("a JSON value encodes")
});

struct Call {
    shared: Arc<Shared>,
    caller: Caller,
    method: &'static str,
}

impl Call {
    async fn mutate(
        self,
        run: impl FnOnce(&mut Work<'_, '_>) -> Result<Box<RawValue>, Failure> + Send + 'static,
        key: Option<String>,
        params_hash: [u8; 32],
    ) -> Result<Box<RawValue>, Failure> {
        let (caller, method, now) = (self.caller.clone(), self.method, clock::now());
        let shared = Arc::clone(&self.shared);
        let written = self.shared.store.write(move |tx| {
            authenticate(tx, &caller, now)?;
            let mut effects = Effects::default();
            let owner = caller.key();
            if let Some(key) = &key {
                match idempotency::find(tx, &owner, method, key, &params_hash)? {
                    Earlier::Same(result) => return Ok((result, effects)),
                    Earlier::Different => return Err(key_reused().into()),
                    Earlier::None => {}
                }
            }
            let result = run(&mut Work {
                tx,
                caller: &caller,
                now,
                nonce: key.as_deref(),
                shared: &shared,
                effects: &mut effects,
            })?;
            if let Some(key) = &key {
                idempotency::remember(tx, &owner, method, key, &params_hash, &result, now)?;
            }
            Ok((result, effects))
        });
        written
            .await
            .map(|done| self.shared.apply(done))
            .map_err(Into::into)
    }

    async fn query(
        self,
        run: impl FnOnce(&mut Look<'_>) -> Result<Box<RawValue>, Failure> + Send + 'static,
    ) -> Result<Box<RawValue>, Failure> {
        let (caller, now) = (self.caller.clone(), clock::now());
        let (shared, presence) = (Arc::clone(&self.shared), self.shared.presence.newest());
        let read = self.shared.store.read(move |db| {
            authenticate(db, &caller, now)?;
            let mut effects = Effects::default();
            let look = &mut Look {
                db,
                caller: &caller,
                now,
                presence,
                shared: &shared,
                effects: &mut effects,
            };
            let result = run(look)?;
            Ok::<_, Failure>((result, effects))
        });
        read.await
            .map(|done| self.shared.apply(done))
            .map_err(Into::into)
    }
}

fn key_reused() -> RpcError {
    RpcError::new(
        ErrorCode::Conflict,
        "this idempotency_key was used with other parameters; use a new key for a new call",
    )
    .with("existing", "idempotency_key")
}

/// A user who is named must exist, and their token not have been revoked.
fn authenticate(db: &Connection, caller: &Caller, now: UnixMs) -> Result<(), Failure> {
    let Caller::User(UserId(id), token) = caller else {
        return Ok(());
    };
    if *token != TokenOfCall::default()
        && revocation::of(db, Principal::User(UserId(*id)), now)?
            .into_iter()
            .map(wire_revocation)
            .any(|revocation| revocation.covers(token.jti.as_deref(), token.issued_at))
    {
        let message = "the token has been revoked; sign in again";
        return Err(RpcError::new(ErrorCode::Unauthenticated, message).into());
    }
    let known = db
        .prepare_cached("SELECT 1 FROM user WHERE id = ?1")?
        .exists([id])?;
    if known {
        Ok(())
    } else {
        Err(RpcError::new(ErrorCode::Unauthenticated, format!("there is no user {id}")).into())
    }
}
