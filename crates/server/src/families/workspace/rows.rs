//! The statements that read workspaces.

use antiphon_api::{
    entities::{OwnRole, Role, Workspace},
    ids::{Revision, UserId, WorkspaceId},
};
use rusqlite::{Connection, Row};

use super::super::column::parsed;

use super::super::permission;

/// A workspace that is not deleted.
pub(super) fn current(db: &Connection, id: WorkspaceId) -> Result<Workspace, rusqlite::Error> {
    let bare = db
        .prepare_cached(
            "SELECT id, name, owner_id, revision FROM workspace
             WHERE id = ?1 AND deleted_at IS NULL",
        )?
        .query_row([id.get()], Bare::from_row)?;
    bare.whole(db)
}

/// The workspaces a user is in, in id order.
pub(in crate::families) fn of_user(
    db: &Connection,
    user: UserId,
) -> Result<Vec<Workspace>, rusqlite::Error> {
    let found: Vec<Bare> = db
        .prepare_cached(
            "SELECT id, name, owner_id, revision FROM workspace
             WHERE id IN (SELECT workspace_id FROM workspace_member WHERE user_id = ?1)
             ORDER BY id",
        )?
        .query_map([user.get()], Bare::from_row)?
        .collect::<Result<_, _>>()?;
    found.into_iter().map(|bare| bare.whole(db)).collect()
}

/// What a user is in each of their workspaces, in id order.
pub(in crate::families) fn roles_of(
    db: &Connection,
    user: UserId,
) -> Result<Vec<OwnRole>, rusqlite::Error> {
    db.prepare_cached(
        "SELECT workspace_id, role FROM workspace_member WHERE user_id = ?1 ORDER BY workspace_id",
    )?
    .query_map([user.get()], |row| {
        Ok(OwnRole {
            workspace_id: WorkspaceId(row.get(0)?),
            role: parsed(row, 1, Role::parse)?,
        })
    })?
    .collect()
}

/// A workspace but for what its roles may do.
struct Bare {
    id: WorkspaceId,
    name: String,
    owner_id: UserId,
    revision: Revision,
}

impl Bare {
    fn from_row(row: &Row<'_>) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            id: WorkspaceId(row.get(0)?),
            name: row.get(1)?,
            owner_id: UserId(row.get(2)?),
            revision: Revision(row.get(3)?),
        })
    }

    fn whole(self, db: &Connection) -> Result<Workspace, rusqlite::Error> {
        Ok(Workspace {
            id: self.id,
            name: self.name,
            owner_id: self.owner_id,
            permissions: permission::of_roles(db, self.id)?,
            revision: self.revision,
        })
    }
}
