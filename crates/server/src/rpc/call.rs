//! One call, carried out: a query on a reader, a mutation on the writer together with its
//! idempotency key.

use std::sync::{Arc, LazyLock};

use antiphon_api::{RpcError, jsonrpc::Request, openrpc};
use antiphon_store::{idempotency, idempotency::Earlier};
use serde_json::value::RawValue;

use super::{
    caller,
    router::{Prepared, Router, Run},
};
use crate::{
    clock,
    context::{Caller, Effects, Failure, Look, Shared, Work},
};

pub(super) async fn carry_out(
    router: &Router,
    shared: &Arc<Shared>,
    caller: &Caller,
    request: &Request<'_>,
) -> Result<Box<RawValue>, Failure> {
    if let Caller::User(user, _) = caller {
        let class = router.class_of(&request.method);
        shared.budgets.spend(*user, class)?;
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
            caller::authenticate(tx, &caller, now)?;
            let mut effects = Effects::default();
            let owner = caller.key();
            if let Some(key) = &key {
                match idempotency::find(tx, &owner, method, key, &params_hash)? {
                    Earlier::Same(result) => return Ok((result, effects)),
                    Earlier::Different => return Err(key_reused().into()),
                    Earlier::None => {}
                }
            }
            let work = &mut Work {
                tx,
                caller: &caller,
                now,
                nonce: key.as_deref(),
                shared: &shared,
                effects: &mut effects,
            };
            let result = run(work)?;
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
            caller::authenticate(db, &caller, now)?;
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
    RpcError::conflict(
        "idempotency_key",
        "this idempotency_key was used with other parameters; use a new key for a new call",
    )
}
