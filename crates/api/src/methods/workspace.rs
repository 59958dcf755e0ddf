use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    entities::{Role, Workspace},
    ids::{UserId, WorkspaceId},
    method,
    method::Done,
};

method! {
    /// Creates a workspace owned by the caller.
    "workspace.create" Mutation Create(CreateParams) -> WorkspaceResult, [],
    example {"name": "Garden"}
}

method! {
    /// Makes a user a member of a workspace.
    "workspace.add_member" Mutation AddMember(AddMemberParams) -> MemberResult, [NotFound, Forbidden, Conflict],
    example {"workspace_id": 2, "user_id": 3, "role": "admin"}
}

method! {
    /// Ends a membership, the caller's own included, and with it those in the workspace's channels.
    "workspace.remove_member" Mutation RemoveMember(RemoveMemberParams) -> Done, [NotFound, Forbidden, Conflict],
    example {"workspace_id": 1, "user_id": 3}
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateParams {
    /// 1 to 80 characters.
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddMemberParams {
    pub workspace_id: WorkspaceId,
    pub user_id: UserId,
    /// `member` unless given; `owner` is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveMemberParams {
    pub workspace_id: WorkspaceId,
    pub user_id: UserId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkspaceResult {
    pub workspace: Workspace,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "WorkspaceMemberResult")]
pub struct MemberResult {
    pub member: WorkspaceMember,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkspaceMember {
    pub workspace_id: WorkspaceId,
    pub user_id: UserId,
    pub role: Role,
}
