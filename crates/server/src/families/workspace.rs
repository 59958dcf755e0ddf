//! Workspaces and who is in them.
//!
//! A membership is opened before it is told of, so that the newcomer hears of it, and closed before,
//! so that the one who left does not; the latter hears last, from an event of their own.

use antiphon_api::{
    ErrorCode, RpcError,
    entities::{Permission, Role, Workspace},
    events::{
        RemovalReason, WorkspaceAdded, WorkspaceMemberJoined, WorkspaceMemberLeft, WorkspaceRemoved,
    },
    ids::{Revision, UserId, WorkspaceId},
    method::Done,
    methods::{
        user::MAX_NAME_CHARS,
        workspace::{
            AddMember, AddMemberParams, Create, CreateParams, MemberResult, RemoveMember,
            RemoveMemberParams, WorkspaceMember, WorkspaceResult,
        },
    },
};
use antiphon_store::{Audience, Scope, membership};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{MAX_MEMBERS, channel, name_of, permission, user};
use crate::{
    context::{Failure, Work},
    rpc::Router,
};

pub(super) fn register(router: Router) -> Router {
    router
        .mutation::<Create>(create)
        .mutation::<AddMember>(add_member)
        .mutation::<RemoveMember>(remove_member)
}

fn create(work: &mut Work<'_, '_>, params: CreateParams) -> Result<WorkspaceResult, Failure> {
    let owner = work.caller.user()?;
    let name = name_of("name", &params.name, MAX_NAME_CHARS)?;
    work.prepare_cached("INSERT INTO workspace (name, owner_id) VALUES (?1, ?2)")?
        .execute(params![name, owner.get()])?;
    let id = WorkspaceId(work.last_insert_rowid());
    let workspace = admit(work, id, owner, Role::Owner)?;
    Ok(WorkspaceResult { workspace })
}

fn add_member(work: &mut Work<'_, '_>, params: AddMemberParams) -> Result<MemberResult, Failure> {
    let AddMemberParams {
        workspace_id,
        user_id,
        role,
    } = params;
    let role = role.unwrap_or(Role::Member);
    let caller = work.caller.user()?;
    permission::require(work, workspace_id, caller, Permission::WorkspaceAddMember)?;
    if role == Role::Owner {
        let message = "a workspace has one owner; expected admin or member";
        return Err(RpcError::invalid_param("role", message).into());
    }
    if user::load(work, user_id)?.is_none() {
        return Err(RpcError::not_found("user", user_id.get()).into());
    }
    if role_of(work, workspace_id, user_id)?.is_some() {
        let message = format!("user {user_id} is a member already");
        return Err(RpcError::new(ErrorCode::Conflict, message)
            .with("existing", "member")
            .into());
    }
    if membership::count(work, Scope::Workspace(workspace_id))? >= MAX_MEMBERS {
        return Err(full("workspace").into());
    }
    admit(work, workspace_id, user_id, role)?;
    Ok(MemberResult {
        member: WorkspaceMember {
            workspace_id,
            user_id,
            role,
        },
    })
}

fn remove_member(work: &mut Work<'_, '_>, params: RemoveMemberParams) -> Result<Done, Failure> {
    let RemoveMemberParams {
        workspace_id,
        user_id,
    } = params;
    let caller = work.caller.user()?;
    if caller == user_id {
        visible(work, workspace_id, caller)?;
    } else {
        permission::require(
            work,
            workspace_id,
            caller,
            Permission::WorkspaceRemoveMember,
        )?;
    }
    let role = role_of(work, workspace_id, user_id)?
        .ok_or_else(|| RpcError::not_found("member", user_id.get()))?;
    if role == Role::Owner {
        let message = "the owner cannot leave the workspace";
        return Err(RpcError::new(ErrorCode::Conflict, message)
            .with("existing", "owner")
            .into());
    }
    let reason = if caller == user_id {
        RemovalReason::Left
    } else {
        RemovalReason::Removed
    };
    for channel_id in channel::joined_in(work, workspace_id, user_id)? {
        channel::withdraw(work, channel_id, user_id, reason)?;
    }
    work.tx
        .close_membership(Scope::Workspace(workspace_id), user_id)?;
    work.emit(
        &Audience::workspace(workspace_id),
        WorkspaceMemberLeft {
            workspace_id,
            user_id,
            role,
            reason,
        },
    )?;
    work.emit(
        &Audience::user(user_id),
        WorkspaceRemoved {
            workspace_id,
            reason,
        },
    )?;
    Ok(Done {})
}

/// Opens a membership and tells of it: first the user, then everybody.
fn admit(
    work: &mut Work<'_, '_>,
    id: WorkspaceId,
    user_id: UserId,
    role: Role,
) -> Result<Workspace, Failure> {
    let workspace = load(work, id)?.ok_or_else(|| absent(id))?;
    work.tx
        .open_membership(Scope::Workspace(id), user_id, role.as_str())?;
    work.emit(
        &Audience::user(user_id),
        WorkspaceAdded {
            workspace: workspace.clone(),
        },
    )?;
    work.emit(
        &Audience::workspace(id),
        WorkspaceMemberJoined {
            workspace_id: id,
            user_id,
            role,
        },
    )?;
    Ok(workspace)
}

pub(super) fn full(what: &str) -> RpcError {
    RpcError::new(
        ErrorCode::Conflict,
        format!("a {what} has at most {MAX_MEMBERS} members"),
    )
    .with("limit", MAX_MEMBERS)
}

fn absent(id: WorkspaceId) -> RpcError {
    RpcError::not_found("workspace", id.get())
}

/// The caller's role in a workspace they are in.
pub(super) fn visible(db: &Connection, id: WorkspaceId, caller: UserId) -> Result<Role, Failure> {
    Ok(role_of(db, id, caller)?.ok_or_else(|| absent(id))?)
}

pub(super) fn role_of(
    db: &Connection,
    id: WorkspaceId,
    user: UserId,
) -> Result<Option<Role>, rusqlite::Error> {
    let role = membership::role_of(db, Scope::Workspace(id), user)?;
    Ok(role.as_deref().and_then(Role::parse))
}

fn load(db: &Connection, id: WorkspaceId) -> Result<Option<Workspace>, rusqlite::Error> {
    db.prepare_cached("SELECT id, name, owner_id, revision FROM workspace WHERE id = ?1")?
        .query_row([id.get()], from_row)
        .optional()
}

/// The workspaces a user is in, in id order.
pub(super) fn of_user(db: &Connection, user: UserId) -> Result<Vec<Workspace>, rusqlite::Error> {
    db.prepare_cached(
        "SELECT id, name, owner_id, revision FROM workspace
         WHERE id IN (SELECT workspace_id FROM workspace_member WHERE user_id = ?1)
         ORDER BY id",
    )?
    .query_map([user.get()], from_row)?
    .collect()
}

fn from_row(row: &Row<'_>) -> Result<Workspace, rusqlite::Error> {
    Ok(Workspace {
        id: WorkspaceId(row.get(0)?),
        name: row.get(1)?,
        owner_id: UserId(row.get(2)?),
        revision: Revision(row.get(3)?),
    })
}
