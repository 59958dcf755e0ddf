//! Who may do what in a workspace: a role has permissions, and a method names the one it needs.

use antiphon_api::{
    RpcError,
    entities::{Permission, Role},
    ids::{UserId, WorkspaceId},
};
use rusqlite::Connection;

use super::workspace;
use crate::context::Failure;

/// The caller's role, if it may do this in a workspace they are in. Who is not in it does not see
/// it.
pub(super) fn require(
    db: &Connection,
    workspace_id: WorkspaceId,
    caller: UserId,
    permission: Permission,
) -> Result<Role, Failure> {
    let role = workspace::visible(db, workspace_id, caller)?;
    if allows(role, permission) {
        Ok(role)
    } else {
        let name = permission.as_str();
        let message = format!("your role in the workspace does not have the permission {name}");
        Err(RpcError::forbidden(name, message).into())
    }
}

/// Whether a role may do this.
fn allows(role: Role, permission: Permission) -> bool {
    role == Role::Owner || role.usual_permissions().contains(&permission)
}
