use antiphon_api::{
    ids::UserId,
    method::NoParams,
    methods::state::{MAX_PEOPLE, Snapshot, SnapshotResult},
};
use antiphon_store::log;

use super::{channel, huddle, presence, read, thread, user, workspace};
use crate::{
    context::{Failure, Look},
    rpc::Router,
};

pub(super) fn register(router: Router) -> Router {
    router.query::<Snapshot>(snapshot)
}

/// One read transaction, so that `pos` and the rest are of one moment.
fn snapshot(look: &mut Look<'_>, _: NoParams) -> Result<SnapshotResult, Failure> {
    let caller = look.caller.user()?;
    let users = user::colleagues(look, caller, MAX_PEOPLE)?;
    let ids: Vec<UserId> = users.iter().map(|user| user.id).collect();
    let presence = presence::of_users(look, caller, &ids)?;
    Ok(SnapshotResult {
        pos: log::head(look)?,
        user: user::existing(look, caller)?,
        workspaces: workspace::of_user(look, caller)?,
        channels: channel::of_user(look, caller)?,
        reads: read::of_user(look, caller)?,
        threads: thread::of_user(look, caller)?,
        huddles: huddle::of_user(look, caller)?,
        roles: workspace::roles_of(look, caller)?,
        preferences: user::preferences_of(look, caller)?,
        notify: channel::notify_of(look, caller)?,
        users,
        presence,
    })
}
