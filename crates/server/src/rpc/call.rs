//! One call, carried out: a query on a reader, a mutation on the writer together with its
//! idempotency key.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use antiphon_api::{RpcError, jsonrpc::Request, openrpc};
use antiphon_store::{idempotency, idempotency::Earlier};
use serde_json::value::RawValue;

use super::{
    caller,
    router::{DISCOVER, Prepared, Router, Run},
    turns::Turn,
};
use crate::{
    clock,
    context::{Caller, Effects, Failure, Look, Shared, Work},
};

/// How long a query may be at work before it is cut short.
const QUERY_TIME: Duration = Duration::from_secs(5);
/// The same for a search.
const SEARCH_TIME: Duration = Duration::from_millis(500);

pub(super) async fn carry_out(
    router: &Router,
    shared: &Arc<Shared>,
    caller: &Caller,
    request: &Request<'_>,
) -> Result<Box<RawValue>, Failure> {
    if let Caller::User(identity) = caller {
        let class = router.class_of(&request.method);
        shared.budgets.spend(identity.user_id, class)?;
    }
    if request.method == DISCOVER {
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
        Run::Query(run) => call.query(run, QUERY_TIME, None).await,
        Run::Search(run) => {
            let turn = shared.searches.wait().await?;
            call.query(run, SEARCH_TIME, Some(turn)).await
        }
        // On a task of its own: a caller who hangs up must not take the effects of what is
        // committed along.
        Run::Mutation {
            run,
            idempotency_key,
            params_hash,
        } => tokio::spawn(call.mutate(run, idempotency_key, params_hash))
            .await
            .unwrap_or_else(|error| Err(Failure::internal(error))),
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
        let method = self.method;
        let work = self.shared.work_for(self.caller, key, move |work| {
            let (caller, now) = (work.caller, work.now);
            caller::authenticate(work, caller, now)?;
            let Some(key) = work.nonce else {
                return run(work);
            };
            let owner = caller.key();
            match idempotency::find(work, &owner, method, key, &params_hash)? {
                Earlier::Same(result) => return Ok(result),
                Earlier::Different => return Err(key_reused().into()),
                Earlier::None => {}
            }
            let result = run(work)?;
            idempotency::remember(work.tx, &owner, method, key, &params_hash, &result, now)?;
            Ok(result)
        });
        work.await
    }

    /// Keeps `turn` until the reader is done, be the caller still there or not.
    async fn query(
        self,
        run: impl FnOnce(&mut Look<'_>) -> Result<Box<RawValue>, Failure> + Send + 'static,
        time: Duration,
        turn: Option<Turn>,
    ) -> Result<Box<RawValue>, Failure> {
        let (caller, now) = (self.caller.clone(), clock::now());
        let (shared, presence) = (Arc::clone(&self.shared), self.shared.presence.newest());
        let read = self.shared.store.read_within(time, move |db| {
            let _turn = turn;
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

#[cfg(test)]
mod tests {
    use std::{
        path::{Path, PathBuf},
        sync::Arc,
        time::Duration,
    };

    use antiphon_api::ErrorCode;
    use antiphon_store::{Options, Store};
    use antiphon_token::{Key, Names, Verifier};

    use super::{Call, Router, carry_out};
    use crate::{
        Config,
        context::{Caller, Failure, Shared},
        families,
    };

    fn in_folder(folder: &Path) -> Arc<Shared> {
        let path = folder.join("antiphon.db");
        let store = Store::open(Options::new(path, families::SCHEMA, 1 << 18)).expect("opens");
        let key = Key::random().expect("random numbers");
        let config = Config::new(PathBuf::new(), Verifier::new([&key], &Names::default()));
        Arc::new(Shared::new(store, config.split().1))
    }

    #[tokio::test(start_paused = true)]
    async fn a_search_is_refused_when_others_keep_their_turns() {
        let folder = tempfile::tempdir().expect("a folder");
        let shared = in_folder(folder.path());
        let _one = shared.searches.wait().await.expect("has its turn");
        let _two = shared.searches.wait().await.expect("has its turn");
        let text = r#"{"jsonrpc":"2.0","method":"message.search","params":{"query":"word"}}"#;
        let request = serde_json::from_str(text).expect("is a request");
        let (router, caller) = (Router::new(), Caller::Operator);
        match carry_out(&router, &shared, &caller, &request).await {
            Err(Failure::Refused(error)) => {
                assert_eq!(error.kind(), Some(ErrorCode::RateLimited));
            }
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_query_that_takes_too_long_is_refused_and_gives_its_turn_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let shared = in_folder(folder.path());
        for _ in 0..3 {
            let call = Call {
                shared: Arc::clone(&shared),
                caller: Caller::Operator,
                method: "message.search",
            };
            let turn = shared.searches.wait().await.expect("has its turn");
            let endless = call.query(
                |look| {
                    let endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                                   SELECT max(i) FROM n";
                    Ok(look.query_row(endless, [], |_| unreachable!("it has no end"))?)
                },
                Duration::from_millis(20),
                Some(turn),
            );
            match endless.await {
                Err(Failure::Refused(error)) => {
                    assert_eq!(error.kind(), Some(ErrorCode::Unavailable));
                    assert_eq!(error.data["indeterminate"], false);
                }
                other => panic!("{other:?}"),
            }
        }
    }
}
