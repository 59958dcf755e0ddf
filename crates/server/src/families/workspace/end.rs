//! The end of a workspace, with everything in it.

use antiphon_api::{
    entities::Permission,
    events::{RemovalReason, WorkspaceRemoved},
    method::Done,
    methods::workspace::WorkspaceParams,
};
use antiphon_store::{Audience, Scope, Tx};
use rusqlite::OptionalExtension;

use super::super::{channel, permission};
use crate::context::{Failure, Work};

/// Told to its members as one event, which implies its channels.
pub(super) fn delete(work: &mut Work<'_, '_>, params: WorkspaceParams) -> Result<Done, Failure> {
    let workspace_id = params.workspace_id;
    let caller = work.caller.user()?;
    permission::require(work, workspace_id, caller, Permission::WorkspaceDelete)?;
    let channels = channel::all_in(work, workspace_id)?;
    channel::close(work, &channels, |work| {
        let removed = WorkspaceRemoved {
            workspace_id,
            reason: RemovalReason::Deleted,
        };
        work.emit(&Audience::workspace(workspace_id), removed)?;
        Ok(())
    })?;
    work.tx.close_scope(Scope::Workspace(workspace_id))?;
    let now = work.now.get();
    for statement in [
        "UPDATE channel SET deleted_at = ?2 WHERE workspace_id = ?1 AND deleted_at IS NULL",
        "UPDATE workspace SET deleted_at = ?2 WHERE id = ?1",
    ] {
        work.prepare_cached(statement)?
            .execute([workspace_id.get(), now])?;
    }
    Ok(Done {})
}

/// Removes a deleted workspace, whose channels are gone. `false`: there is none.
pub(in crate::families) fn purge(tx: &Tx<'_>) -> Result<bool, rusqlite::Error> {
    let deleted: Option<i64> = tx
        .prepare_cached("SELECT id FROM workspace WHERE deleted_at IS NOT NULL LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let Some(workspace) = deleted else {
        return Ok(false);
    };
    for statement in [
        "DELETE FROM role_permissions WHERE workspace_id = ?1",
        "DELETE FROM workspace WHERE id = ?1",
    ] {
        tx.prepare_cached(statement)?.execute([workspace])?;
    }
    Ok(true)
}
