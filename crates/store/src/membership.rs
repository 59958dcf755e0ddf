//! Who is a member of what, as intervals `[from, to)` of log positions.
//!
//! An interval opens and closes at the position the next event will get: somebody who joins hears
//! the events emitted after that point of the closure, somebody who leaves none of them. A closed
//! interval outlives what it points to, because replay still asks about it; only the pruner
//! removes it. The functions here see the intervals that are open, and are what permission checks
//! ask.

use antiphon_api::ids::{ChannelId, UserId, WorkspaceId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    Result, Scope, Tx,
    audience::{CHANNEL, WORKSPACE},
};

/// Where an open interval ends.
const OPEN: i64 = i64::MAX;

impl Tx<'_> {
    /// Makes the user a member from the next event on. `false`: was one already, role unchanged.
    ///
    /// # Errors
    /// From SQLite.
    pub fn open_membership(&self, scope: Scope, user: UserId, role: &str) -> Result<bool> {
        let (kind, id) = scope.key();
        let opened = self
            .prepare_cached(
                "INSERT INTO membership (kind, scope_id, to_pos, user_id, from_pos, role)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (kind, scope_id, to_pos, user_id) DO NOTHING",
            )?
            .execute(params![
                kind,
                id,
                OPEN,
                user.get(),
                self.next_pos().get(),
                role
            ])?;
        Ok(opened > 0)
    }

    /// Ends the membership before the next event. `false`: was no member.
    ///
    /// # Errors
    /// From SQLite.
    pub fn close_membership(&self, scope: Scope, user: UserId) -> Result<bool> {
        let (kind, id) = scope.key();
        let next = self.next_pos().get();
        let key = [kind, id, OPEN, user.get(), next];
        let unheard = self
            .prepare_cached(
                "DELETE FROM membership
                  WHERE kind = ?1 AND scope_id = ?2 AND to_pos = ?3 AND user_id = ?4
                    AND from_pos = ?5",
            )?
            .execute(key)?;
        let closed = self
            .prepare_cached(
                "UPDATE membership SET to_pos = ?5
                  WHERE kind = ?1 AND scope_id = ?2 AND to_pos = ?3 AND user_id = ?4",
            )?
            .execute(key)?;
        Ok(unheard + closed > 0)
    }

    /// Ends every membership in the scope before the next event, and says how many there were.
    ///
    /// # Errors
    /// From SQLite.
    pub fn close_scope(&self, scope: Scope) -> Result<usize> {
        let (kind, id) = scope.key();
        let key = [kind, id, OPEN, self.next_pos().get()];
        let unheard = self
            .prepare_cached(
                "DELETE FROM membership
                  WHERE kind = ?1 AND scope_id = ?2 AND to_pos = ?3 AND from_pos = ?4",
            )?
            .execute(key)?;
        let closed = self
            .prepare_cached(
                "UPDATE membership SET to_pos = ?4
                  WHERE kind = ?1 AND scope_id = ?2 AND to_pos = ?3",
            )?
            .execute(key)?;
        Ok(unheard + closed)
    }

    /// Changes a member's role. `false`: was no member.
    ///
    /// # Errors
    /// From SQLite.
    pub fn set_role(&self, scope: Scope, user: UserId, role: &str) -> Result<bool> {
        let (kind, id) = scope.key();
        let changed = self
            .prepare_cached(
                "UPDATE membership SET role = ?5
                  WHERE kind = ?1 AND scope_id = ?2 AND to_pos = ?3 AND user_id = ?4",
            )?
            .execute(params![kind, id, OPEN, user.get(), role])?;
        Ok(changed > 0)
    }
}

/// The user's role, or `None` who is no member.
///
/// # Errors
/// From SQLite.
pub fn role_of(conn: &Connection, scope: Scope, user: UserId) -> Result<Option<String>> {
    let (kind, id) = scope.key();
    conn.prepare_cached(
        "SELECT role FROM membership
          WHERE kind = ?1 AND scope_id = ?2 AND to_pos = ?3 AND user_id = ?4",
    )?
    .query_one([kind, id, OPEN, user.get()], |row| row.get(0))
    .optional()
}

/// # Errors
/// From SQLite.
pub fn is_member(conn: &Connection, scope: Scope, user: UserId) -> Result<bool> {
    role_of(conn, scope, user).map(|role| role.is_some())
}

/// The members in ascending order, however many there are.
///
/// # Errors
/// From SQLite.
pub fn members(conn: &Connection, scope: Scope) -> Result<Vec<UserId>> {
    let roles = roles(conn, scope)?;
    Ok(roles.into_iter().map(|(user, _)| user).collect())
}

/// The members in ascending order, each with its role.
///
/// # Errors
/// From SQLite.
pub fn roles(conn: &Connection, scope: Scope) -> Result<Vec<(UserId, String)>> {
    let (kind, id) = scope.key();
    conn.prepare_cached(
        "SELECT user_id, role FROM membership
          WHERE kind = ?1 AND scope_id = ?2 AND to_pos = ?3 ORDER BY user_id",
    )?
    .query_map([kind, id, OPEN], |row| {
        Ok((UserId(row.get(0)?), row.get(1)?))
    })?
    .collect()
}

/// How many members there are.
///
/// # Errors
/// From SQLite.
pub fn count(conn: &Connection, scope: Scope) -> Result<usize> {
    let (kind, id) = scope.key();
    conn.prepare_cached(
        "SELECT count(*) FROM membership WHERE kind = ?1 AND scope_id = ?2 AND to_pos = ?3",
    )?
    .query_one([kind, id, OPEN], |row| row.get(0))
}

/// The channels the user is a member of, in ascending order.
///
/// # Errors
/// From SQLite.
pub fn channels_of(conn: &Connection, user: UserId) -> Result<Vec<ChannelId>> {
    Ok(ids_of(conn, user, CHANNEL)?
        .into_iter()
        .map(ChannelId)
        .collect())
}

/// The workspaces the user is a member of, in ascending order.
///
/// # Errors
/// From SQLite.
pub fn workspaces_of(conn: &Connection, user: UserId) -> Result<Vec<WorkspaceId>> {
    Ok(ids_of(conn, user, WORKSPACE)?
        .into_iter()
        .map(WorkspaceId)
        .collect())
}

fn ids_of(conn: &Connection, user: UserId, kind: i64) -> Result<Vec<i64>> {
    conn.prepare_cached(
        "SELECT scope_id FROM membership
          WHERE user_id = ?1 AND to_pos = ?2 AND kind = ?3 ORDER BY scope_id",
    )?
    .query_map([user.get(), OPEN, kind], |row| row.get(0))?
    .collect()
}
