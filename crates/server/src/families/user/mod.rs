//! People: their names, and what their applications remember for them.
//!
//! Users are made by administrators and the operator, or provisioned by an id of the application's
//! own. They are never removed: one who is deactivated can no longer sign in, and what they wrote and
//! where they are members stays.

mod change;
mod preferences;
mod provision;
mod rows;

use antiphon_api::{
    RpcError,
    entities::User,
    identity::Identity,
    ids::UserId,
    method::NoParams,
    methods::user::{
        Create, Deactivate, Get, GetPreferences, List, ListParams, ListResult, Me, Provision,
        Resolve, SetPreferences, Update, UserParams, UserResult,
    },
};
use antiphon_store::log;
use rusqlite::Connection;

use super::{page::limit_of, permission};
use crate::{
    context::{Caller, Failure, Look},
    rpc::Router,
};

pub(super) use preferences::of as preferences_of;
pub(crate) use provision::resolve;
pub(crate) use rows::peers;
pub(super) use rows::{colleagues, shares_workspace};

pub(super) fn register(router: Router) -> Router {
    router
        .mutation::<Create>(change::create)
        .mutation::<Update>(change::update)
        .mutation::<Deactivate>(change::deactivate)
        .mutation::<Provision>(provision::provision)
        .mutation::<Resolve>(resolve)
        .mutation::<SetPreferences>(preferences::set)
        .query::<GetPreferences>(preferences::get)
        .query::<Me>(me)
        .query::<Get>(get)
        .query::<List>(list)
}

fn me(look: &mut Look<'_>, _: NoParams) -> Result<UserResult, Failure> {
    let id = look.caller.user()?;
    Ok(UserResult {
        user: existing(look, id)?,
    })
}

fn get(look: &mut Look<'_>, params: UserParams) -> Result<UserResult, Failure> {
    let id = params.user_id;
    if !is_visible(look, look.caller, id)? {
        return Err(absent(id).into());
    }
    Ok(UserResult {
        user: existing(look, id)?,
    })
}

fn list(look: &mut Look<'_>, params: ListParams) -> Result<ListResult, Failure> {
    let caller = look.caller.user()?;
    let limit = limit_of(params.limit)?;
    permission::visible(look, params.workspace_id, caller)?;
    let (users, has_more) = rows::people(look, params.workspace_id, params.since_id, limit)?;
    Ok(ListResult {
        users,
        has_more,
        pos: log::head(look)?,
    })
}

/// Whether the caller may know of a user.
fn is_visible(db: &Connection, caller: &Caller, id: UserId) -> Result<bool, rusqlite::Error> {
    let Caller::User(Identity { user_id, .. }) = caller else {
        return Ok(true);
    };
    Ok(*user_id == id || knows(db, *user_id, id)? || rows::wrote_to(db, id, *user_id)?)
}

/// Whether the caller looks after the instance.
pub(super) fn administers(db: &Connection, caller: &Caller) -> Result<bool, rusqlite::Error> {
    match caller {
        Caller::Operator => Ok(true),
        Caller::User(identity) => rows::is_administrator(db, identity.user_id),
    }
}

pub(super) fn require_administrator(
    db: &Connection,
    caller: &Caller,
    permission: &'static str,
) -> Result<(), Failure> {
    if administers(db, caller)? {
        return Ok(());
    }
    let message = format!("only an administrator of the instance has the permission {permission}");
    Err(RpcError::forbidden(permission, message).into())
}

/// Whether somebody shares a workspace with a user, or looks after the instance.
fn knows(db: &Connection, caller: UserId, id: UserId) -> Result<bool, rusqlite::Error> {
    Ok(rows::is_administrator(db, caller)? || shares_workspace(db, caller, id)?)
}

/// A user whom the caller may draw into a workspace; any other is absent to them.
pub(super) fn acquainted(db: &Connection, caller: UserId, id: UserId) -> Result<User, Failure> {
    if !knows(db, caller, id)? {
        return Err(absent(id).into());
    }
    existing(db, id)
}

/// A user, for whom it is settled that the caller may know of them.
pub(super) fn existing(db: &Connection, id: UserId) -> Result<User, Failure> {
    Ok(rows::load(db, id)?.ok_or_else(|| absent(id))?)
}

fn absent(id: UserId) -> RpcError {
    RpcError::not_found("user", id.get())
}
