//! From a method's name and parameters to a function that is ready to run.

use std::collections::HashMap;

use antiphon_api::{
    Class, ErrorCode, Kind, Method, RpcError, methods::METHODS, openrpc::MAX_IDEMPOTENCY_KEY_CHARS,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, value::RawValue};
use sha2::{Digest, Sha256};

use crate::{
    context::{Failure, Look, Work},
    families,
};

type MutationRun = Box<dyn FnOnce(&mut Work<'_, '_>) -> Result<Box<RawValue>, Failure> + Send>;
type QueryRun = Box<dyn FnOnce(&mut Look<'_>) -> Result<Box<RawValue>, Failure> + Send>;
type Prepare = Box<dyn Fn(Map<String, Value>) -> Result<Prepared, RpcError> + Send + Sync>;

/// A call whose parameters are understood.
pub(crate) struct Prepared {
    pub(crate) method: &'static str,
    pub(crate) run: Run,
}

pub(crate) enum Run {
    Mutation {
        run: MutationRun,
        idempotency_key: Option<String>,
        /// Of the typed parameters, so that spelling does not matter.
        params_hash: [u8; 32],
    },
    Query(QueryRun),
    /// A query that may cost much, whatever it answers.
    Search(QueryRun),
}

struct Route {
    is_internal: bool,
    class: Class,
    prepare: Prepare,
}

/// The method that every JSON-RPC service has, which no family registers.
pub(super) const DISCOVER: &str = "rpc.discover";

/// Every method the server answers.
pub(crate) struct Router {
    routes: HashMap<&'static str, Route>,
}

impl Router {
    pub(crate) fn new() -> Self {
        families::register(Self {
            routes: HashMap::with_capacity(METHODS.len()),
        })
    }

    /// Adds a method that runs on the writer thread.
    pub(crate) fn mutation<M: Method>(
        self,
        run: fn(&mut Work<'_, '_>, M::Params) -> Result<M::Result, Failure>,
    ) -> Self {
        debug_assert!(M::KIND == Kind::Mutation, "{} is a query", M::NAME);
        self.route::<M>(Box::new(move |mut params| {
            let idempotency_key = take_idempotency_key(&mut params)?;
            let params: M::Params = typed(params)?;
            let canonical = serde_json::to_vec(&params).map_err(|error| {
                tracing::error!(%error, method = M::NAME, "parameters do not encode");
                RpcError::new(ErrorCode::Internal, "internal error")
            })?;
            Ok(Prepared {
                method: M::NAME,
                run: Run::Mutation {
                    run: Box::new(move |work| encode(&run(work, params)?)),
                    idempotency_key,
                    params_hash: Sha256::digest(canonical).into(),
                },
            })
        }))
    }

    /// Adds a method that runs on a reader.
    pub(crate) fn query<M: Method>(
        self,
        run: fn(&mut Look<'_>, M::Params) -> Result<M::Result, Failure>,
    ) -> Self {
        self.look::<M>(run, Run::Query)
    }

    /// Adds a query that takes turns with others of its like, and has less time.
    pub(crate) fn search<M: Method>(
        self,
        run: fn(&mut Look<'_>, M::Params) -> Result<M::Result, Failure>,
    ) -> Self {
        self.look::<M>(run, Run::Search)
    }

    fn look<M: Method>(
        self,
        run: fn(&mut Look<'_>, M::Params) -> Result<M::Result, Failure>,
        kind: fn(QueryRun) -> Run,
    ) -> Self {
        debug_assert!(M::KIND == Kind::Query, "{} is a mutation", M::NAME);
        self.route::<M>(Box::new(move |params| {
            let params = typed(params)?;
            Ok(Prepared {
                method: M::NAME,
                run: kind(Box::new(move |look| encode(&run(look, params)?))),
            })
        }))
    }

    fn route<M: Method>(mut self, prepare: Prepare) -> Self {
        let earlier = self.routes.insert(
            M::NAME,
            Route {
                is_internal: M::IS_INTERNAL,
                class: M::CLASS,
                prepare,
            },
        );
        debug_assert!(earlier.is_none(), "{} is routed twice", M::NAME);
        self
    }

    /// The name of a method as it is listed, if there is one.
    pub(crate) fn name_of(&self, method: &str) -> Option<&'static str> {
        if method == DISCOVER {
            return Some(DISCOVER);
        }
        self.routes.get_key_value(method).map(|(name, _)| *name)
    }

    /// Which budget a call is taken from; what is no method counts as a query.
    pub(crate) fn class_of(&self, method: &str) -> Class {
        let route = self.routes.get(method);
        route.map_or(Class::usual(Kind::Query), |route| route.class)
    }

    /// `operator`: whether internal methods exist for this caller.
    pub(crate) fn prepare(
        &self,
        method: &str,
        params: Option<&RawValue>,
        operator: bool,
    ) -> Result<Prepared, RpcError> {
        let route = self
            .routes
            .get(method)
            .filter(|route| operator || !route.is_internal)
            .ok_or_else(|| unknown_method(method))?;
        (route.prepare)(named(params)?)
    }
}

fn unknown_method(method: &str) -> RpcError {
    let shown: String = method.chars().take(64).collect();
    RpcError::new(
        ErrorCode::MethodNotFound,
        format!("there is no method {shown:?}; rpc.discover lists them"),
    )
}

fn encode(result: &impl serde::Serialize) -> Result<Box<RawValue>, Failure> {
    Ok(serde_json::value::to_raw_value(result)?)
}

/// Parameters by name; none at all is the same as `{}`.
fn named(params: Option<&RawValue>) -> Result<Map<String, Value>, RpcError> {
    let Some(params) = params else {
        return Ok(Map::new());
    };
    match serde_json::from_str(params.get()) {
        Ok(Value::Object(params)) => Ok(params),
        Ok(_) => Err(RpcError::invalid_param(
            ".",
            "expected an object: parameters go by name",
        )),
        Err(error) => Err(RpcError::invalid_param(".", error.to_string())),
    }
}

fn typed<P: DeserializeOwned>(params: Map<String, Value>) -> Result<P, RpcError> {
    serde_path_to_error::deserialize(Value::Object(params)).map_err(|error| {
        let path = error.path().to_string();
        RpcError::invalid_param(&path, error.into_inner().to_string())
    })
}

fn take_idempotency_key(params: &mut Map<String, Value>) -> Result<Option<String>, RpcError> {
    match params.remove("idempotency_key") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(key))
            if (1..=MAX_IDEMPOTENCY_KEY_CHARS).contains(&key.chars().count()) =>
        {
            Ok(Some(key))
        }
        Some(_) => Err(RpcError::invalid_param(
            "idempotency_key",
            format!("expected a string of 1 to {MAX_IDEMPOTENCY_KEY_CHARS} characters"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use antiphon_api::{ErrorCode, methods::METHODS};
    use serde_json::{json, value::to_raw_value};

    use super::Router;

    fn refusal(method: &str, params: serde_json::Value, operator: bool) -> antiphon_api::RpcError {
        let params = to_raw_value(&params).expect("encodes");
        match Router::new().prepare(method, Some(&params), operator) {
            Err(error) => error,
            Ok(_) => panic!("{method} was accepted"),
        }
    }

    #[test]
    fn the_router_serves_exactly_the_listed_methods() {
        let router = Router::new();
        assert_eq!(router.routes.len(), METHODS.len());
        for method in METHODS {
            assert!(
                router.routes.contains_key(method.name),
                "{} is not routed",
                method.name
            );
        }
    }

    #[test]
    fn internal_methods_exist_for_the_operator_alone() {
        let params = json!({ "ticket": "x" });
        let error = refusal("session.redeem", params.clone(), false);
        assert_eq!(error.kind(), Some(ErrorCode::MethodNotFound));
        let params = to_raw_value(&params).expect("encodes");
        assert!(
            Router::new()
                .prepare("session.redeem", Some(&params), true)
                .is_ok()
        );
    }

    #[test]
    fn wrong_parameters_are_named_by_their_path() {
        let error = refusal(
            "message.send",
            json!({ "channel_id": "x", "body": "" }),
            false,
        );
        assert_eq!(error.data["errors"][0]["path"], "channel_id");
        let error = refusal(
            "message.send",
            json!({ "channel_id": 1, "body": "", "no": 1 }),
            false,
        );
        assert!(error.message.contains("unknown field `no`"), "{error}");
        let error = refusal("channel.create", json!({ "peer_ids": [1, -2] }), false);
        assert_eq!(error.data["errors"][0]["path"], "peer_ids[1]");
        let error = refusal("user.me", json!([]), false);
        assert_eq!(error.kind(), Some(ErrorCode::InvalidParams));
    }

    #[test]
    fn an_idempotency_key_is_a_short_string() {
        for key in [json!(7), json!(""), json!("x".repeat(65))] {
            let params = json!({ "channel_id": 1, "body": "a", "idempotency_key": key });
            let error = refusal("message.send", params, false);
            assert_eq!(error.data["errors"][0]["path"], "idempotency_key");
        }
    }
}
