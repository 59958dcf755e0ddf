use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    entities::{Role, User, Workspace},
    ids::{UserId, WorkspaceId},
};

/// Why a workspace or channel is gone for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RemovalReason {
    /// They left.
    Left,
    /// Somebody removed them.
    Removed,
    Archived,
    Deleted,
}

impl RemovalReason {
    /// Why `user` is out when `by` has ended their membership.
    #[must_use]
    pub fn by(by: UserId, user: UserId) -> Self {
        if by == user {
            Self::Left
        } else {
            Self::Removed
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkspaceAdded {
    pub workspace: Workspace,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkspaceUpdated {
    pub workspace: Workspace,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkspaceRemoved {
    pub workspace_id: WorkspaceId,
    pub reason: RemovalReason,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkspaceMemberJoined {
    pub workspace_id: WorkspaceId,
    pub user_id: UserId,
    pub role: Role,
    /// Who `user_id` is: their changes are heard from here on.
    pub user: User,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkspaceMemberUpdated {
    pub workspace_id: WorkspaceId,
    pub user_id: UserId,
    pub role: Role,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkspaceMemberLeft {
    pub workspace_id: WorkspaceId,
    pub user_id: UserId,
    pub role: Role,
    pub reason: RemovalReason,
}
