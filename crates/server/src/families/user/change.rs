//! Making users, and what changes of them.

use antiphon_api::{
    RpcError,
    entities::User,
    events::{UserCreated, UserUpdated},
    identity::Revocation,
    ids::{MAX_SAFE_INTEGER, Principal, UnixMs, UserId},
    limits::MAX_NAME_CHARS,
    methods::user::{CreateParams, MAX_EXTERNAL_ID_CHARS, UpdateParams, UserParams, UserResult},
};
use antiphon_store::{Audience, Scope, membership, revocation};
use rusqlite::params;

use super::{
    super::{huddle, name_of, permission},
    absent, existing, is_visible, require_administrator,
    rows::{current, has_name, with_external_id},
};
use crate::context::{Failure, Work};

/// A user to be made.
pub(super) struct New {
    pub(super) name: String,
    pub(super) display_name: Option<String>,
    pub(super) external_id: Option<String>,
    pub(super) administrator: bool,
}

pub(super) fn create(work: &mut Work<'_, '_>, params: CreateParams) -> Result<UserResult, Failure> {
    let first = !work.prepare_cached("SELECT 1 FROM user")?.exists([])?;
    require_administrator(work, work.caller, "user:create")?;
    let external_id = params.external_id.as_deref().map(external_id_of);
    let new = New {
        name: handle(&params.name)?,
        display_name: params.display_name,
        external_id: external_id.transpose()?,
        administrator: first,
    };
    if let Some(external_id) = &new.external_id
        && with_external_id(work, external_id)?.is_some()
    {
        return Err(taken("external_id", external_id).into());
    }
    Ok(UserResult {
        user: insert(work, new)?,
    })
}

/// Makes a user whose external id is not taken, and tells them.
pub(super) fn insert(work: &mut Work<'_, '_>, new: New) -> Result<User, Failure> {
    if has_name(work, &new.name)? {
        return Err(taken("name", &new.name).into());
    }
    let display_name = match new.display_name {
        Some(display_name) => name_of("display_name", &display_name, MAX_NAME_CHARS)?,
        None => new.name.clone(),
    };
    work.prepare_cached(
        "INSERT INTO user (name, display_name, external_id, administrator, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        new.name,
        display_name,
        new.external_id,
        new.administrator,
        work.now.get()
    ])?;
    let user = current(work, UserId(work.last_insert_rowid()))?;
    work.emit(&Audience::user(user.id), UserCreated { user: user.clone() })?;
    Ok(user)
}

pub(super) fn update(work: &mut Work<'_, '_>, params: UpdateParams) -> Result<UserResult, Failure> {
    let id = match params.user_id {
        Some(id) => id,
        None => work.caller.user()?,
    };
    let user = looked_after(work, id, "user:update")?;
    Ok(UserResult {
        user: rename(work, user, params.name, params.display_name)?,
    })
}

/// Gives a user the names that are given, and tells of it if one is another.
pub(super) fn rename(
    work: &mut Work<'_, '_>,
    held: User,
    name: Option<String>,
    display_name: Option<String>,
) -> Result<User, Failure> {
    let name = name.map_or_else(|| Ok(held.name.clone()), |name| handle(&name))?;
    let display_name = match display_name {
        Some(display_name) => name_of("display_name", &display_name, MAX_NAME_CHARS)?,
        None => held.display_name.clone(),
    };
    if name != held.name && has_name(work, &name)? {
        return Err(taken("name", &name).into());
    }
    if (&name, &display_name) == (&held.name, &held.display_name) {
        return Ok(held);
    }
    work.prepare_cached("UPDATE user SET name = ?2, display_name = ?3 WHERE id = ?1")?
        .execute(params![held.id.get(), name, display_name])?;
    changed(work, held.id)
}

/// For good: the revocation covers every token, whenever it was or will be issued.
pub(super) fn deactivate(
    work: &mut Work<'_, '_>,
    params: UserParams,
) -> Result<UserResult, Failure> {
    let user = looked_after(work, params.user_id, "user:deactivate")?;
    if work.caller.is(user.id) {
        let message = "nobody deactivates themselves; another administrator can";
        return Err(RpcError::forbidden("user:deactivate", message).into());
    }
    if user.deactivated_at.is_some() {
        return Ok(UserResult { user });
    }
    if permission::owns_any(work, user.id)? {
        let message = "they own a workspace; have them hand it over or delete it first";
        return Err(RpcError::conflict("owner", message).into());
    }
    work.prepare_cached("UPDATE user SET deactivated_at = ?2 WHERE id = ?1")?
        .execute([user.id.get(), work.now.get()])?;
    let revocation = Revocation {
        principal: Principal::User(user.id),
        jti: None,
        before: UnixMs(MAX_SAFE_INTEGER),
        until: UnixMs(MAX_SAFE_INTEGER),
    };
    revocation::store(work.tx, &revocation)?;
    work.effects.revocations.push(revocation);
    huddle::leave_any(work, user.id)?;
    Ok(UserResult {
        user: changed(work, user.id)?,
    })
}

/// A user whom the caller may change: themselves, or as an administrator anybody.
fn looked_after(
    work: &Work<'_, '_>,
    id: UserId,
    permission: &'static str,
) -> Result<User, Failure> {
    if !is_visible(work, work.caller, id)? {
        return Err(absent(id).into());
    }
    let user = existing(work, id)?;
    if !work.caller.is(id) {
        require_administrator(work, work.caller, permission)?;
    }
    Ok(user)
}

/// Raises the revision and tells whom the user concerns.
fn changed(work: &mut Work<'_, '_>, id: UserId) -> Result<User, Failure> {
    work.prepare_cached("UPDATE user SET revision = revision + 1 WHERE id = ?1")?
        .execute([id.get()])?;
    let user = current(work, id)?;
    let workspaces = membership::workspaces_of(work, id)?;
    let audience = Audience::scopes(workspaces.into_iter().map(Scope::Workspace));
    let updated = UserUpdated { user: user.clone() };
    work.emit(&audience.and(Audience::user(id)), updated)?;
    Ok(user)
}

/// A unique name as in `@name`.
pub(super) fn handle(text: &str) -> Result<String, RpcError> {
    let name = name_of("name", text, MAX_NAME_CHARS)?;
    if name.chars().all(may_stand_in_handle) {
        Ok(name)
    } else {
        Err(RpcError::invalid_param(
            "name",
            "expected letters, digits, '-', '_' and '.' only",
        ))
    }
}

pub(super) fn may_stand_in_handle(char: char) -> bool {
    char.is_alphanumeric() || "-_.".contains(char)
}

pub(super) fn external_id_of(text: &str) -> Result<String, RpcError> {
    name_of("external_id", text, MAX_EXTERNAL_ID_CHARS)
}

fn taken(what: &'static str, value: &str) -> RpcError {
    let message = format!("the {what} {value:?} is taken");
    RpcError::conflict(what, message)
}
