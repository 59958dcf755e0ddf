//! Who may do what in a workspace: a role has permissions, and a method names the one it needs.
//!
//! A role has its usual permissions until the workspace decides otherwise; the owner has all, always.

use antiphon_api::{
    RpcError,
    entities::{Permission, Role, RolePermissions},
    ids::{UserId, WorkspaceId},
};
use antiphon_store::{Scope, membership};
use rusqlite::{Connection, OptionalExtension, params};

use super::column::known;
use crate::context::Failure;

/// The caller's role in a workspace they are in.
pub(super) fn visible(db: &Connection, id: WorkspaceId, caller: UserId) -> Result<Role, Failure> {
    let role = role_of(db, id, caller)?;
    Ok(role.ok_or_else(|| RpcError::not_found("workspace", id.get()))?)
}

pub(super) fn role_of(
    db: &Connection,
    id: WorkspaceId,
    user: UserId,
) -> Result<Option<Role>, rusqlite::Error> {
    let role = membership::role_of(db, Scope::Workspace(id), user)?;
    role.map(|role| known(0, &role, Role::parse)).transpose()
}

/// Whether a user is the owner of a workspace.
pub(super) fn owns_any(db: &Connection, user: UserId) -> Result<bool, rusqlite::Error> {
    db.prepare_cached("SELECT 1 FROM workspace_member WHERE user_id = ?1 AND role = 'owner'")?
        .exists([user.get()])
}

/// The caller's role, if it may do this in a workspace they are in. Who is not in it does not see
/// it.
pub(super) fn require(
    db: &Connection,
    workspace_id: WorkspaceId,
    caller: UserId,
    permission: Permission,
) -> Result<Role, Failure> {
    let role = visible(db, workspace_id, caller)?;
    if allows(db, workspace_id, role, permission)? {
        Ok(role)
    } else {
        let name = permission.as_str();
        let message = format!("your role in the workspace does not have the permission {name}");
        Err(RpcError::forbidden(name, message).into())
    }
}

/// Whether somebody is in the workspace and may do this there.
pub(super) fn has(
    db: &Connection,
    workspace_id: WorkspaceId,
    user: UserId,
    permission: Permission,
) -> Result<bool, rusqlite::Error> {
    match role_of(db, workspace_id, user)? {
        Some(role) => allows(db, workspace_id, role, permission),
        None => Ok(false),
    }
}

fn allows(
    db: &Connection,
    workspace_id: WorkspaceId,
    role: Role,
    permission: Permission,
) -> Result<bool, rusqlite::Error> {
    Ok(role == Role::Owner || of_role(db, workspace_id, role)?.contains(&permission))
}

pub(super) fn of_roles(
    db: &Connection,
    workspace_id: WorkspaceId,
) -> Result<RolePermissions, rusqlite::Error> {
    Ok(RolePermissions {
        admin: of_role(db, workspace_id, Role::Admin)?,
        member: of_role(db, workspace_id, Role::Member)?,
        guest: of_role(db, workspace_id, Role::Guest)?,
    })
}

/// What a role may do, in the order of the catalogue.
pub(super) fn of_role(
    db: &Connection,
    workspace_id: WorkspaceId,
    role: Role,
) -> Result<Vec<Permission>, rusqlite::Error> {
    let decided: Option<String> = db
        .prepare_cached(
            "SELECT permissions FROM role_permissions WHERE workspace_id = ?1 AND role = ?2",
        )?
        .query_row(params![workspace_id.get(), role.as_str()], |row| row.get(0))
        .optional()?;
    let Some(names) = decided else {
        return Ok(role.usual_permissions());
    };
    let names = names.split_whitespace();
    let permissions = names.map(|name| known(0, name, Permission::parse));
    let mut permissions = permissions.collect::<Result<Vec<_>, _>>()?;
    permissions.sort_unstable();
    Ok(permissions)
}

/// Decides what a role may do from now on.
pub(super) fn decide(
    db: &Connection,
    workspace_id: WorkspaceId,
    role: Role,
    permissions: &[Permission],
) -> Result<(), rusqlite::Error> {
    let names: Vec<&str> = permissions.iter().map(|one| one.as_str()).collect();
    db.prepare_cached(
        "INSERT INTO role_permissions (workspace_id, role, permissions) VALUES (?1, ?2, ?3)
         ON CONFLICT (workspace_id, role) DO UPDATE SET permissions = excluded.permissions",
    )?
    .execute(params![workspace_id.get(), role.as_str(), names.join(" ")])?;
    Ok(())
}
