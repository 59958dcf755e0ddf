//! Who a token over TCP is for, when it names the user by an external id.

use std::sync::Arc;

use antiphon_api::{
    ErrorCode, Method, RpcError,
    ids::UserId,
    jsonrpc::Request,
    methods::user::{Resolve, ResolveParams, ResolveResult},
};
use antiphon_wire::RequestId;
use serde_json::value::to_raw_value;

use super::{Router, answer::tell, call::carry_out};
use crate::context::{Caller, Failure, Shared};

/// The user an application calls `external_id`; asked of the database once in a while.
pub(super) async fn resolve(
    router: &Router,
    shared: &Arc<Shared>,
    external_id: &str,
    request_id: &RequestId,
) -> Result<UserId, RpcError> {
    let asked = match shared.externals.lock().find(external_id) {
        Ok(user) => return Ok(user),
        Err(asked) => asked,
    };
    let user = ask(router, shared, external_id).await.map_err(|failure| {
        let error = tell(failure, request_id, Resolve::NAME);
        match error.kind() {
            Some(ErrorCode::NotFound) => RpcError::new(ErrorCode::Unauthenticated, error.message),
            _ => error,
        }
    })?;
    let mut externals = shared.externals.lock();
    externals.learn(asked, external_id.to_owned(), user);
    Ok(user)
}

async fn ask(router: &Router, shared: &Arc<Shared>, external_id: &str) -> Result<UserId, Failure> {
    let params = to_raw_value(&ResolveParams {
        external_id: external_id.to_owned(),
    })?;
    let request = Request {
        jsonrpc: "2.0".into(),
        method: Resolve::NAME.into(),
        params: Some(&params),
        id: None,
    };
    let result = carry_out(router, shared, &Caller::Operator, &request).await?;
    Ok(serde_json::from_str::<ResolveResult>(result.get())?.user_id)
}
