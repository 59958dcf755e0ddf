//! The statements that read users.

use antiphon_api::{
    entities::User,
    ids::{Revision, UnixMs, UserId, WorkspaceId},
};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::column::optional;

use super::super::page;

const COLUMNS: &str = "id, name, display_name, external_id, created_at, deactivated_at, revision";

pub(super) fn load(db: &Connection, id: UserId) -> Result<Option<User>, rusqlite::Error> {
    db.prepare_cached(&format!("SELECT {COLUMNS} FROM user WHERE id = ?1"))?
        .query_row([id.get()], from_row)
        .optional()
}

/// A user that this transaction has found or made.
pub(super) fn current(db: &Connection, id: UserId) -> Result<User, rusqlite::Error> {
    load(db, id)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

pub(super) fn with_external_id(
    db: &Connection,
    external_id: &str,
) -> Result<Option<User>, rusqlite::Error> {
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM user WHERE external_id = ?1"
    ))?
    .query_row([external_id], from_row)
    .optional()
}

pub(super) fn has_name(db: &Connection, name: &str) -> Result<bool, rusqlite::Error> {
    db.prepare_cached("SELECT 1 FROM user WHERE name = ?1")?
        .exists([name])
}

/// The people of a workspace above `after`, in id order, at most `limit`; and whether there are
/// more.
pub(super) fn people(
    db: &Connection,
    workspace_id: WorkspaceId,
    after: Option<UserId>,
    limit: usize,
) -> Result<(Vec<User>, bool), rusqlite::Error> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM workspace_member JOIN user ON user.id = user_id
         WHERE workspace_id = ?1 AND user_id > ?2 ORDER BY user_id"
    ))?;
    let window = [workspace_id.get(), after.map_or(0, UserId::get)];
    page::first(limit, statement.query_map(window, from_row)?)
}

/// The people of `user`'s workspaces, in id order: at most `max`, those with the lowest ids and
/// `user`.
pub(in crate::families) fn colleagues(
    db: &Connection,
    user: UserId,
    max: usize,
) -> Result<Vec<User>, rusqlite::Error> {
    let mut users = db
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM user
         WHERE id = ?1 OR id IN (
             SELECT theirs.user_id FROM workspace_member AS mine
             JOIN workspace_member AS theirs USING (workspace_id)
             WHERE mine.user_id = ?1)
         ORDER BY id LIMIT ?2"
        ))?
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

pub(super) fn is_administrator(db: &Connection, id: UserId) -> Result<bool, rusqlite::Error> {
    db.prepare_cached("SELECT 1 FROM user WHERE id = ?1 AND administrator")?
        .exists([id.get()])
}

pub(in crate::families) fn shares_workspace(
    db: &Connection,
    one: UserId,
    other: UserId,
) -> Result<bool, rusqlite::Error> {
    db.prepare_cached(
        "SELECT 1 FROM workspace_member AS mine
         JOIN workspace_member AS theirs USING (workspace_id)
         WHERE mine.user_id = ?1 AND theirs.user_id = ?2",
    )?
    .exists([one.get(), other.get()])
}

/// Whether `author` has a message in a channel `reader` is in.
pub(super) fn wrote_to(
    db: &Connection,
    author: UserId,
    reader: UserId,
) -> Result<bool, rusqlite::Error> {
    db.prepare_cached(
        "SELECT 1 FROM present_message AS message JOIN channel_member USING (channel_id)
         WHERE message.author_id = ?1 AND channel_member.user_id = ?2",
    )?
    .exists([author.get(), reader.get()])
}

fn from_row(row: &Row<'_>) -> Result<User, rusqlite::Error> {
    Ok(User {
        id: UserId(row.get(0)?),
        name: row.get(1)?,
        display_name: row.get(2)?,
        external_id: row.get(3)?,
        created_at: UnixMs(row.get(4)?),
        deactivated_at: optional(row, 5, UnixMs)?,
        revision: Revision(row.get(6)?),
    })
}
