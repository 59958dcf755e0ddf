use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    entities::{
        Channel, Huddle, Notify, OwnRole, Preferences, Presence, Read, Thread, User, Workspace,
    },
    ids::Pos,
    method,
    method::NoParams,
};

/// The most people in one snapshot; further ones are left out.
pub const MAX_PEOPLE: usize = 1_000;

method! {
    /// Everything a client needs to begin, read at one position of the log.
    "state.snapshot" Query / Heavy Snapshot(NoParams) -> SnapshotResult, [],
    example {}
}

/// `pos` to `threads` obey the equation: the snapshot at P and the user's events in (P, Q] make the
/// snapshot at Q. `users` and `presence` are caches beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "StateSnapshotResult")]
pub struct SnapshotResult {
    /// Where in the log this was read, as a whole.
    pub pos: Pos,
    /// The caller.
    pub user: User,
    /// Those the caller is in, in id order.
    pub workspaces: Vec<Workspace>,
    /// Those the caller is in, in id order.
    pub channels: Vec<Channel>,
    /// One for each of `channels`, in the same order.
    pub reads: Vec<Read>,
    /// Those that go on in `channels`, in id order.
    pub huddles: Vec<Huddle>,
    /// The caller's own, one for each of `workspaces`, in the same order.
    pub roles: Vec<OwnRole>,
    /// The caller's own.
    pub preferences: Preferences,
    /// One for each of `channels`, in the same order.
    pub notify: Vec<Notify>,
    /// Those the caller follows, in id order.
    pub threads: Vec<Thread>,
    /// The people of `workspaces`, in id order: at most 1,000, those with the lowest ids and the
    /// caller. Others are fetched by user.get when they are met.
    pub users: Vec<User>,
    /// One for each of `users`. That of others is asked for by presence.list with `user_ids`.
    pub presence: Vec<Presence>,
}
