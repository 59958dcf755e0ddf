use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    entities::{Permission, Role, Workspace},
    ids::{Pos, UserId, WorkspaceId},
    method,
    method::{Done, NoParams},
};

method! {
    /// Creates a workspace owned by the caller.
    "workspace.create" Mutation Create(CreateParams) -> WorkspaceResult, [Conflict],
    example {"name": "Garden"}
}

method! {
    /// A workspace the caller is in.
    "workspace.get" Query Get(WorkspaceParams) -> WorkspaceResult, [NotFound],
    example {"workspace_id": 1}
}

method! {
    /// The workspaces the caller is in, in id order.
    "workspace.list" Query List(NoParams) -> ListResult, [],
    example {}
}

method! {
    /// Renames a workspace.
    "workspace.update" Mutation Update(UpdateParams) -> WorkspaceResult, [NotFound, Forbidden],
    example {"workspace_id": 1, "name": "Garden"}
}

method! {
    /// Deletes a workspace with everything in it.
    "workspace.delete" Mutation Delete(WorkspaceParams) -> Done, [NotFound, Forbidden],
    example {"workspace_id": 2}
}

method! {
    /// Makes a user a member of a workspace: somebody the caller shares one with already, unless the
    /// caller administers the instance.
    "workspace.add_member" Mutation AddMember(AddMemberParams) -> MemberResult, [NotFound, Forbidden, Conflict],
    example {"workspace_id": 2, "user_id": 3, "role": "admin"}
}

method! {
    /// Ends a membership, the caller's own included, and with it those in the workspace's channels.
    "workspace.remove_member" Mutation RemoveMember(RemoveMemberParams) -> Done, [NotFound, Forbidden, Conflict],
    example {"workspace_id": 1, "user_id": 3}
}

method! {
    /// Changes a member's role; `owner` hands the workspace over, and the former owner becomes an admin.
    "workspace.set_role" Mutation SetRole(SetRoleParams) -> MemberResult, [NotFound, Forbidden, Conflict],
    example {"workspace_id": 1, "user_id": 2, "role": "admin"}
}

method! {
    /// The members of a workspace the caller is in, in id order.
    "workspace.members" Query Members(MembersParams) -> MembersResult, [NotFound],
    example {"workspace_id": 1}
}

method! {
    /// Says what a role may do in a workspace.
    "workspace.set_permissions" Mutation SetPermissions(SetPermissionsParams) -> WorkspaceResult, [NotFound, Forbidden],
    example {"workspace_id": 1, "role": "guest", "permissions": ["message:send"]}
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceParams {
    pub workspace_id: WorkspaceId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateParams {
    pub workspace_id: WorkspaceId,
    /// 1 to 80 characters.
    pub name: String,
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

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "WorkspaceList")]
pub struct ListResult {
    pub workspaces: Vec<Workspace>,
    /// Where in the log this was read.
    pub pos: Pos,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetRoleParams {
    pub workspace_id: WorkspaceId,
    pub user_id: UserId,
    pub role: Role,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MembersParams {
    pub workspace_id: WorkspaceId,
    /// The members with higher ids than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_id: Option<UserId>,
    /// 1 to 200, 50 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "WorkspaceMembers")]
pub struct MembersResult {
    /// In the order of their ids.
    pub members: Vec<WorkspaceMember>,
    /// Whether more follow.
    pub has_more: bool,
    /// Where in the log this was read.
    pub pos: Pos,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPermissionsParams {
    pub workspace_id: WorkspaceId,
    /// One below the caller's; `owner` is refused.
    pub role: Role,
    /// All that the role may do from now on; nothing the caller may not.
    pub permissions: Vec<Permission>,
}
