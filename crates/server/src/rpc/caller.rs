//! Who calls.
//!
//! On rpc.sock the peer has been checked before it gets here: it is the operator, or acts as the
//! user its `Antiphon-User` header names. Over TCP a bearer token decides, and that header is not
//! looked at. Either way a user is looked up in the transaction of the call.

use antiphon_api::{
    ErrorCode, RpcError, USER_HEADER,
    identity::{Identity, Presented},
    ids::{Principal, UnixMs, UserId},
};
use antiphon_store::revocation;
use antiphon_token::{Verified, Verifier};
use antiphon_wire::{TOKEN_EXPIRES, TOKEN_ID, TOKEN_ISSUED};
use http::{HeaderMap, HeaderName, header};
use rusqlite::{Connection, OptionalExtension};

use crate::{
    clock,
    context::{Caller, Failure},
};

/// What the token of a request says.
pub(super) fn by_token(verifier: &Verifier, headers: &HeaderMap) -> Result<Verified, RpcError> {
    let unauthenticated = |message: String| RpcError::new(ErrorCode::Unauthenticated, message);
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or_else(|| {
            unauthenticated("send a token with Authorization: Bearer TOKEN".to_owned())
        })?;
    verifier
        .verify(token, clock::now())
        .map_err(|refusal| unauthenticated(refusal.to_string()))
}

/// Who a request names, where whoever sends it is believed.
pub(super) fn by_header(headers: &HeaderMap) -> Result<Caller, RpcError> {
    let Some(user) = headers.get(USER_HEADER) else {
        return Ok(Caller::Operator);
    };
    let user_id = user
        .to_str()
        .ok()
        .and_then(|text| text.parse().ok())
        .and_then(UserId::checked)
        .ok_or_else(|| {
            RpcError::new(
                ErrorCode::Unauthenticated,
                "Antiphon-User must be a user's id",
            )
        })?;
    let field = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let time = |name| field(name).and_then(|text| text.parse().ok()).map(UnixMs);
    let token = Presented {
        expires_at: time(TOKEN_EXPIRES),
        jti: field(TOKEN_ID).map(ToOwned::to_owned),
        issued_at: time(TOKEN_ISSUED),
    };
    Ok(Caller::User(Identity { user_id, token }))
}

/// A user who is named must exist and be active, and their token not have been revoked.
pub(super) fn authenticate(db: &Connection, caller: &Caller, now: UnixMs) -> Result<(), Failure> {
    let Caller::User(Identity { user_id, token }) = caller else {
        return Ok(());
    };
    if *token != Presented::default()
        && revocation::of(db, Principal::User(*user_id), now)?
            .iter()
            .any(|revocation| revocation.covers(token))
    {
        let message = "the token has been revoked; sign in again";
        return Err(RpcError::new(ErrorCode::Unauthenticated, message).into());
    }
    let is_active: Option<bool> = db
        .prepare_cached("SELECT deactivated_at IS NULL FROM user WHERE id = ?1")?
        .query_row([user_id.get()], |row| row.get(0))
        .optional()?;
    let message = match is_active {
        Some(true) => return Ok(()),
        Some(false) => format!("user {user_id} is deactivated"),
        None => format!("there is no user {user_id}"),
    };
    Err(RpcError::new(ErrorCode::Unauthenticated, message).into())
}
