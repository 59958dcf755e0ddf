use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    entities::Thread,
    ids::{ChannelId, MessageId},
};

/// Why a user follows a thread no more. That its root was deleted, or its channel is gone for the
/// user, is told by `message.deleted`, `channel.removed` and `workspace.removed` alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThreadRemovalReason {
    /// They unfollowed it.
    Unfollowed,
    /// It made room for another, at the most threads one can follow.
    Displaced,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadUpdated {
    pub thread: Thread,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadRemoved {
    pub thread_id: MessageId,
    pub channel_id: ChannelId,
    pub reason: ThreadRemovalReason,
}
