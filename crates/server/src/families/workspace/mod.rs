//! Workspaces and who is in them.
//!
//! A membership is opened before it is told of, so that the newcomer hears of it, and closed before,
//! so that the one who left does not; the latter hears last, from an event of their own. When the
//! workspace itself ends its members are told first: the event is for those who are still in it.

mod end;
mod members;
mod rows;

use antiphon_api::{
    RpcError,
    entities::{Permission, Role},
    events::WorkspaceUpdated,
    ids::WorkspaceId,
    limits::MAX_NAME_CHARS,
    method::NoParams,
    methods::workspace::{
        AddMember, Create, CreateParams, Delete, Get, List, ListResult, Members, RemoveMember,
        SetPermissions, SetPermissionsParams, SetRole, Update, UpdateParams, WorkspaceParams,
        WorkspaceResult,
    },
};
use antiphon_store::{Audience, log};
use rusqlite::params;

use super::{name_of, permission};
use crate::{
    context::{Failure, Look, Work},
    rpc::Router,
};

pub(super) use end::purge;
use rows::current;
pub(super) use rows::{of_user, roles_of};

pub(super) fn register(router: Router) -> Router {
    router
        .mutation::<Create>(create)
        .mutation::<Update>(update)
        .mutation::<Delete>(end::delete)
        .mutation::<SetPermissions>(set_permissions)
        .mutation::<AddMember>(members::add_member)
        .mutation::<RemoveMember>(members::remove_member)
        .mutation::<SetRole>(members::set_role)
        .query::<Get>(get)
        .query::<List>(list)
        .query::<Members>(members::list)
}

fn create(work: &mut Work<'_, '_>, params: CreateParams) -> Result<WorkspaceResult, Failure> {
    let owner = work.caller.user()?;
    let name = name_of("name", &params.name, MAX_NAME_CHARS)?;
    work.prepare_cached("INSERT INTO workspace (name, owner_id) VALUES (?1, ?2)")?
        .execute(params![name, owner.get()])?;
    let id = WorkspaceId(work.last_insert_rowid());
    let workspace = members::admit(work, id, owner, Role::Owner)?;
    Ok(WorkspaceResult { workspace })
}

fn get(look: &mut Look<'_>, params: WorkspaceParams) -> Result<WorkspaceResult, Failure> {
    let caller = look.caller.user()?;
    permission::visible(look, params.workspace_id, caller)?;
    Ok(WorkspaceResult {
        workspace: current(look, params.workspace_id)?,
    })
}

fn list(look: &mut Look<'_>, _: NoParams) -> Result<ListResult, Failure> {
    let caller = look.caller.user()?;
    Ok(ListResult {
        workspaces: of_user(look, caller)?,
        pos: log::head(look)?,
    })
}

fn update(work: &mut Work<'_, '_>, params: UpdateParams) -> Result<WorkspaceResult, Failure> {
    let id = params.workspace_id;
    let caller = work.caller.user()?;
    permission::require(work, id, caller, Permission::WorkspaceUpdate)?;
    let name = name_of("name", &params.name, MAX_NAME_CHARS)?;
    let held = current(work, id)?;
    if held.name == name {
        return Ok(WorkspaceResult { workspace: held });
    }
    work.prepare_cached("UPDATE workspace SET name = ?2 WHERE id = ?1")?
        .execute(params![id.get(), name])?;
    changed(work, id)
}

fn set_permissions(
    work: &mut Work<'_, '_>,
    params: SetPermissionsParams,
) -> Result<WorkspaceResult, Failure> {
    const NEEDED: Permission = Permission::WorkspaceSetPermissions;
    let (id, role) = (params.workspace_id, params.role);
    let caller = work.caller.user()?;
    let own = permission::require(work, id, caller, NEEDED)?;
    if role == Role::Owner {
        let message = "the owner may do everything; expected admin, member or guest";
        return Err(RpcError::invalid_param("role", message).into());
    }
    let mut permissions = params.permissions;
    permissions.sort_unstable();
    permissions.dedup();
    let held = permission::of_role(work, id, role)?;
    if own != Role::Owner {
        let mine = permission::of_role(work, id, own)?;
        let gives = |one: &Permission| mine.contains(one) || held.contains(one);
        if role <= own || !permissions.iter().all(gives) {
            let message =
                "you decide about lower roles than yours, and give what you have yourself";
            return Err(RpcError::forbidden(NEEDED.as_str(), message).into());
        }
    }
    if held == permissions {
        let workspace = current(work, id)?;
        return Ok(WorkspaceResult { workspace });
    }
    permission::decide(work, id, role, &permissions)?;
    changed(work, id)
}

/// Raises the revision and tells the members of the workspace as it is.
fn changed(work: &mut Work<'_, '_>, id: WorkspaceId) -> Result<WorkspaceResult, Failure> {
    work.prepare_cached("UPDATE workspace SET revision = revision + 1 WHERE id = ?1")?
        .execute([id.get()])?;
    let workspace = current(work, id)?;
    let updated = WorkspaceUpdated {
        workspace: workspace.clone(),
    };
    work.emit(&Audience::workspace(id), updated)?;
    Ok(WorkspaceResult { workspace })
}
