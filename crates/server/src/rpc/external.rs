//! Who a token over TCP is for, when it names the user by an external id.

use std::sync::Arc;

use antiphon_api::{
    ErrorCode, Method, RpcError,
    ids::UserId,
    methods::user::{Resolve, ResolveParams},
};
use antiphon_wire::RequestId;

use super::log;
use crate::{
    context::{Caller, Shared},
    families,
};

/// The user an application calls `external_id`; asked of the database once in a while.
pub(super) async fn resolve(
    shared: &Arc<Shared>,
    external_id: &str,
    request_id: &RequestId,
) -> Result<UserId, RpcError> {
    let asked = match shared.externals.lock().find(external_id) {
        Ok(user) => return Ok(user),
        Err(asked) => asked,
    };
    let params = ResolveParams {
        external_id: external_id.to_owned(),
    };
    let span = log::span(request_id, &Caller::Operator, Some(Resolve::NAME));
    let resolved = shared.work(move |work| families::resolve(work, params));
    let resolved = resolved.await.map_err(|failure| {
        let error = span.in_scope(|| log::tell(failure));
        match error.kind() {
            Some(ErrorCode::NotFound) => RpcError::new(ErrorCode::Unauthenticated, error.message),
            _ => error,
        }
    })?;
    let mut externals = shared.externals.lock();
    externals.learn(asked, external_id.to_owned(), resolved.user_id);
    Ok(resolved.user_id)
}
