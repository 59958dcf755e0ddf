//! Who is in a workspace, and as what.

use antiphon_api::{
    RpcError,
    entities::{Permission, Role, User, Workspace},
    events::{
        RemovalReason, WorkspaceAdded, WorkspaceMemberJoined, WorkspaceMemberLeft,
        WorkspaceMemberUpdated, WorkspaceRemoved,
    },
    ids::{UserId, WorkspaceId},
    method::Done,
    methods::workspace::{
        AddMemberParams, MemberResult, MembersParams, MembersResult, RemoveMemberParams,
        SetRoleParams, WorkspaceMember,
    },
};
use antiphon_store::{Audience, Scope, log, membership};
use rusqlite::Connection;

use super::super::column::parsed;
use super::{
    super::{MAX_MEMBERS, channel, full, page, permission, user},
    changed,
    rows::current,
};
use crate::context::{Failure, Look, Work};

/// The most workspaces somebody is in, so that one audience names them all.
const MAX_WORKSPACES: usize = 1_000;

pub(super) fn add_member(
    work: &mut Work<'_, '_>,
    params: AddMemberParams,
) -> Result<MemberResult, Failure> {
    let AddMemberParams {
        workspace_id,
        user_id,
        role,
    } = params;
    let role = role.unwrap_or(Role::Member);
    let caller = work.caller.user()?;
    let own = permission::require(work, workspace_id, caller, Permission::WorkspaceAddMember)?;
    if role == Role::Owner {
        let message = "a workspace has one owner; expected admin, member or guest";
        return Err(RpcError::invalid_param("role", message).into());
    }
    refuse_above(own, role, Permission::WorkspaceAddMember)?;
    let newcomer = user::acquainted(work, caller, user_id)?;
    require_place_for(work, workspace_id, &newcomer)?;
    admit(work, workspace_id, user_id, role)?;
    Ok(MemberResult {
        member: WorkspaceMember {
            workspace_id,
            user_id,
            role,
        },
    })
}

/// A user who is active and no member yet, and a workspace that is not full.
fn require_place_for(db: &Connection, id: WorkspaceId, newcomer: &User) -> Result<(), Failure> {
    require_active(newcomer)?;
    if permission::role_of(db, id, newcomer.id)?.is_some() {
        let message = format!("user {} is a member already", newcomer.id);
        return Err(RpcError::conflict("member", message).into());
    }
    if membership::count(db, Scope::Workspace(id))? >= MAX_MEMBERS {
        return Err(full("workspace").into());
    }
    Ok(())
}

pub(super) fn remove_member(
    work: &mut Work<'_, '_>,
    params: RemoveMemberParams,
) -> Result<Done, Failure> {
    let RemoveMemberParams {
        workspace_id,
        user_id,
    } = params;
    let caller = work.caller.user()?;
    let role = role_to_end(work, workspace_id, user_id, caller)?;
    let reason = RemovalReason::by(caller, user_id);
    withdraw(work, workspace_id, user_id, reason)?;
    let left = WorkspaceMemberLeft {
        workspace_id,
        user_id,
        role,
        reason,
    };
    work.emit(&Audience::workspace(workspace_id), left)?;
    let removed = WorkspaceRemoved {
        workspace_id,
        reason,
    };
    work.emit(&Audience::user(user_id), removed)?;
    Ok(Done {})
}

/// What a member is whose membership the caller may end.
fn role_to_end(
    db: &Connection,
    workspace_id: WorkspaceId,
    user_id: UserId,
    caller: UserId,
) -> Result<Role, Failure> {
    const NEEDED: Permission = Permission::WorkspaceRemoveMember;
    let own = if caller == user_id {
        permission::visible(db, workspace_id, caller)?
    } else {
        permission::require(db, workspace_id, caller, NEEDED)?
    };
    let role = role_of_member(db, workspace_id, user_id)?;
    if role == Role::Owner {
        let message = "the owner cannot leave the workspace";
        return Err(RpcError::conflict("owner", message).into());
    }
    refuse_above(own, role, NEEDED)?;
    Ok(role)
}

/// Ends a membership, after those in the workspace's channels.
fn withdraw(
    work: &mut Work<'_, '_>,
    workspace_id: WorkspaceId,
    user_id: UserId,
    reason: RemovalReason,
) -> Result<(), Failure> {
    for channel_id in channel::joined_in(work, workspace_id, user_id)? {
        channel::withdraw(work, channel_id, user_id, reason)?;
    }
    channel::forget_archived(work, workspace_id, user_id)?;
    work.tx
        .close_membership(Scope::Workspace(workspace_id), user_id)?;
    Ok(())
}

pub(super) fn set_role(
    work: &mut Work<'_, '_>,
    params: SetRoleParams,
) -> Result<MemberResult, Failure> {
    const NEEDED: Permission = Permission::WorkspaceSetRole;
    let SetRoleParams {
        workspace_id,
        user_id,
        role,
    } = params;
    let caller = work.caller.user()?;
    let own = permission::require(work, workspace_id, caller, NEEDED)?;
    let held = role_of_member(work, workspace_id, user_id)?;
    refuse_above(own, role.min(held), NEEDED)?;
    if held == Role::Owner && role != Role::Owner {
        let message = "hand the workspace over by making somebody else its owner";
        return Err(RpcError::conflict("owner", message).into());
    }
    if role != held {
        if role == Role::Owner {
            hand_over(work, workspace_id, caller, user_id)?;
        } else {
            give_role(work, workspace_id, user_id, role)?;
        }
    }
    Ok(MemberResult {
        member: WorkspaceMember {
            workspace_id,
            user_id,
            role,
        },
    })
}

fn role_of_member(db: &Connection, id: WorkspaceId, user: UserId) -> Result<Role, Failure> {
    let role = permission::role_of(db, id, user)?;
    Ok(role.ok_or_else(|| RpcError::not_found("member", user.get()))?)
}

fn require_active(user: &User) -> Result<(), RpcError> {
    if user.deactivated_at.is_some() {
        let message = format!("user {} is deactivated", user.id);
        return Err(RpcError::conflict("deactivated", message));
    }
    Ok(())
}

fn hand_over(
    work: &mut Work<'_, '_>,
    workspace_id: WorkspaceId,
    from: UserId,
    to: UserId,
) -> Result<(), Failure> {
    require_active(&user::existing(work, to)?)?;
    give_role(work, workspace_id, from, Role::Admin)?;
    give_role(work, workspace_id, to, Role::Owner)?;
    work.prepare_cached("UPDATE workspace SET owner_id = ?2 WHERE id = ?1")?
        .execute([workspace_id.get(), to.get()])?;
    changed(work, workspace_id)?;
    Ok(())
}

fn give_role(
    work: &mut Work<'_, '_>,
    workspace_id: WorkspaceId,
    user_id: UserId,
    role: Role,
) -> Result<(), Failure> {
    work.tx
        .set_role(Scope::Workspace(workspace_id), user_id, role.as_str())?;
    let updated = WorkspaceMemberUpdated {
        workspace_id,
        user_id,
        role,
    };
    work.emit(&Audience::workspace(workspace_id), updated)?;
    Ok(())
}

/// Nobody gives a role above their own, or takes one from somebody who has it.
fn refuse_above(own: Role, role: Role, permission: Permission) -> Result<(), RpcError> {
    if role < own {
        let message = format!("{} is above your own role", role.as_str());
        return Err(RpcError::forbidden(permission.as_str(), message));
    }
    Ok(())
}

pub(super) fn list(look: &mut Look<'_>, params: MembersParams) -> Result<MembersResult, Failure> {
    let workspace_id = params.workspace_id;
    let caller = look.caller.user()?;
    let limit = page::limit_of(params.limit)?;
    permission::visible(look, workspace_id, caller)?;
    let after = params.since_id.map_or(0, UserId::get);
    let mut statement = look.prepare_cached(
        "SELECT user_id, role FROM workspace_member
         WHERE workspace_id = ?1 AND user_id > ?2 ORDER BY user_id",
    )?;
    let rows = statement.query_map([workspace_id.get(), after], |row| {
        Ok(WorkspaceMember {
            workspace_id,
            user_id: UserId(row.get(0)?),
            role: parsed(row, 1, Role::parse)?,
        })
    })?;
    let (members, has_more) = page::first(limit, rows)?;
    Ok(MembersResult {
        members,
        has_more,
        pos: log::head(look)?,
    })
}

/// Opens a membership and tells of it: first the user, then everybody.
pub(super) fn admit(
    work: &mut Work<'_, '_>,
    id: WorkspaceId,
    user_id: UserId,
    role: Role,
) -> Result<Workspace, Failure> {
    if membership::workspaces_of(work, user_id)?.len() >= MAX_WORKSPACES {
        let message = format!("a user is in at most {MAX_WORKSPACES} workspaces");
        let refusal = RpcError::full(MAX_WORKSPACES, message);
        return Err(refusal.into());
    }
    let workspace = current(work, id)?;
    work.tx
        .open_membership(Scope::Workspace(id), user_id, role.as_str())?;
    let added = WorkspaceAdded {
        workspace: workspace.clone(),
    };
    work.emit(&Audience::user(user_id), added)?;
    let joined = WorkspaceMemberJoined {
        workspace_id: id,
        user_id,
        role,
        user: user::existing(work, user_id)?,
    };
    work.emit(&Audience::workspace(id), joined)?;
    Ok(workspace)
}
