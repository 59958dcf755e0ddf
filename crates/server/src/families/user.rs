use antiphon_api::{
    ErrorCode, RpcError,
    entities::User,
    ids::{Revision, UnixMs, UserId},
    method::NoParams,
    methods::user::{
        Create, CreateParams, Get, GetParams, MAX_NAME_CHARS, Me, Resolve, ResolveParams,
        ResolveResult, UserResult,
    },
};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::name_of;
use crate::{
    context::{Caller, Failure, Look, Work},
    rpc::Router,
};

pub(super) fn register(router: Router) -> Router {
    router
        .mutation::<Create>(create)
        .mutation::<Resolve>(resolve)
        .query::<Me>(me)
        .query::<Get>(get)
}

fn create(work: &mut Work<'_, '_>, params: CreateParams) -> Result<UserResult, Failure> {
    let first = !work.prepare_cached("SELECT 1 FROM user")?.exists([])?;
    if let Caller::User(id, _) = work.caller
        && !is_administrator(work, *id)?
    {
        let message = "only an administrator of the instance creates users";
        return Err(RpcError::forbidden("user:create", message).into());
    }
    let name = handle(&params.name)?;
    let display_name = match params.display_name {
        Some(display_name) => name_of("display_name", &display_name, MAX_NAME_CHARS)?,
        None => name.clone(),
    };
    if work
        .prepare_cached("SELECT 1 FROM user WHERE name = ?1")?
        .exists([&name])?
    {
        let message = format!("the name {name:?} is taken");
        return Err(RpcError::new(ErrorCode::Conflict, message)
            .with("existing", "name")
            .into());
    }
    work.prepare_cached(
        "INSERT INTO user (name, display_name, administrator, created_at) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![name, display_name, first, work.now.get()])?;
    let id = UserId(work.last_insert_rowid());
    Ok(UserResult {
        user: load(work, id)?.ok_or_else(|| absent(id))?,
    })
}

pub(super) fn resolve(
    work: &mut Work<'_, '_>,
    params: ResolveParams,
) -> Result<ResolveResult, Failure> {
    let found = work
        .prepare_cached("SELECT id FROM user WHERE external_id = ?1")?
        .query_row([&params.external_id], |row| row.get(0).map(UserId))
        .optional()?;
    if let Some(user_id) = found {
        return Ok(ResolveResult { user_id });
    }
    if !work.shared.provision_unknown {
        let message = format!("nobody has the external id {:?}", params.external_id);
        return Err(RpcError::new(ErrorCode::NotFound, message).into());
    }
    work.prepare_cached(
        "INSERT INTO user (name, display_name, administrator, created_at, external_id)
         VALUES (?1, ?1, 0, ?2, ?1)",
    )?
    .execute(params![params.external_id, work.now.get()])?;
    Ok(ResolveResult {
        user_id: UserId(work.last_insert_rowid()),
    })
}

fn me(look: &mut Look<'_>, _: NoParams) -> Result<UserResult, Failure> {
    let id = look.caller.user()?;
    Ok(UserResult {
        user: load(look, id)?.ok_or_else(|| absent(id))?,
    })
}

fn get(look: &mut Look<'_>, params: GetParams) -> Result<UserResult, Failure> {
    let id = params.user_id;
    let visible = match look.caller {
        Caller::Operator => true,
        Caller::User(caller, _) => {
            *caller == id
                || is_administrator(look, *caller)?
                || shares_workspace(look, *caller, id)?
                || wrote_to(look, id, *caller)?
        }
    };
    let user = if visible { load(look, id)? } else { None };
    Ok(UserResult {
        user: user.ok_or_else(|| absent(id))?,
    })
}

/// A unique name as in `@name`.
fn handle(text: &str) -> Result<String, RpcError> {
    let name = name_of("name", text, MAX_NAME_CHARS)?;
    if name
        .chars()
        .all(|char| char.is_alphanumeric() || "-_.".contains(char))
    {
        Ok(name)
    } else {
        Err(RpcError::invalid_param(
            "name",
            "expected letters, digits, '-', '_' and '.' only",
        ))
    }
}

fn absent(id: UserId) -> RpcError {
    RpcError::not_found("user", id.get())
}

pub(super) fn load(db: &Connection, id: UserId) -> Result<Option<User>, rusqlite::Error> {
    db.prepare_cached(
        "SELECT id, name, display_name, created_at, revision FROM user WHERE id = ?1",
    )?
    .query_row([id.get()], from_row)
    .optional()
}

/// The people of `user`'s workspaces, in id order: at most `max`, those with the lowest ids and
/// `user`.
pub(super) fn colleagues(
    db: &Connection,
    user: UserId,
    max: usize,
) -> Result<Vec<User>, rusqlite::Error> {
    let mut users = db
        .prepare_cached(
            "SELECT id, name, display_name, created_at, revision FROM user
         WHERE id = ?1 OR id IN (
             SELECT theirs.user_id FROM workspace_member AS mine
             JOIN workspace_member AS theirs USING (workspace_id)
             WHERE mine.user_id = ?1)
         ORDER BY id LIMIT ?2",
        )?
        .query_map(params![user.get(), max], from_row)?
        .collect::<Result<Vec<_>, _>>()?;
    if users.len() == max && users.last().is_some_and(|last| last.id < user) {
        users.pop();
        users.extend(load(db, user)?);
    }
    Ok(users)
}

/// Whom a change of `user`'s presence concerns: those who share a workspace, and themselves.
pub(crate) fn peers(db: &Connection, user: UserId) -> Result<Vec<UserId>, rusqlite::Error> {
    db.prepare_cached(
        "SELECT theirs.user_id FROM workspace_member AS mine
         JOIN workspace_member AS theirs USING (workspace_id)
         WHERE mine.user_id = ?1
         UNION SELECT ?1 ORDER BY 1",
    )?
    .query_map([user.get()], |row| row.get(0).map(UserId))?
    .collect()
}

pub(super) fn administers(db: &Connection, caller: &Caller) -> Result<bool, rusqlite::Error> {
    match caller {
        Caller::Operator => Ok(true),
        Caller::User(id, _) => is_administrator(db, *id),
    }
}

fn is_administrator(db: &Connection, id: UserId) -> Result<bool, rusqlite::Error> {
    db.prepare_cached("SELECT 1 FROM user WHERE id = ?1 AND administrator")?
        .exists([id.get()])
}

fn shares_workspace(db: &Connection, one: UserId, other: UserId) -> Result<bool, rusqlite::Error> {
    db.prepare_cached(
        "SELECT 1 FROM workspace_member AS mine
         JOIN workspace_member AS theirs USING (workspace_id)
         WHERE mine.user_id = ?1 AND theirs.user_id = ?2",
    )?
    .exists([one.get(), other.get()])
}

/// Whether `author` has a message in a channel `reader` is in.
fn wrote_to(db: &Connection, author: UserId, reader: UserId) -> Result<bool, rusqlite::Error> {
    db.prepare_cached(
        "SELECT 1 FROM message JOIN channel_member USING (channel_id)
         WHERE message.author_id = ?1 AND channel_member.user_id = ?2",
    )?
    .exists([author.get(), reader.get()])
}

fn from_row(row: &Row<'_>) -> Result<User, rusqlite::Error> {
    Ok(User {
        id: UserId(row.get(0)?),
        name: row.get(1)?,
        display_name: row.get(2)?,
        created_at: UnixMs(row.get(3)?),
        revision: Revision(row.get(4)?),
    })
}
