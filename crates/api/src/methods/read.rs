use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    entities::Read,
    ids::{ChannelId, MessageId, Pos, WorkspaceId},
    method,
    method::NoParams,
};

method! {
    /// Moves the caller's read cursor forward to a message; it never moves back.
    "read.mark" Mutation Mark(MarkParams) -> ReadResult, [NotFound, Forbidden],
    example {"channel_id": 1, "message_id": 2}
}

method! {
    /// Sets the caller's read cursor right below a message, so that the message and all after it are
    /// unread.
    "read.mark_unread" Mutation MarkUnread(MarkParams) -> ReadResult, [NotFound, Forbidden],
    example {"channel_id": 2, "message_id": 5}
}

method! {
    /// Moves the caller's read cursors to the newest message of each channel, of all workspaces or
    /// of one.
    "read.mark_all" Mutation MarkAll(MarkAllParams) -> ReadsResult, [NotFound],
    example {"workspace_id": 1}
}

method! {
    /// The caller's read cursors in all channels, in the order of the channels' ids.
    "read.cursors" Query / Heavy Cursors(NoParams) -> CursorsResult, [],
    example {}
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkParams {
    pub channel_id: ChannelId,
    pub message_id: MessageId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReadResult {
    pub read: Read,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkAllParams {
    /// Only the channels of this workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<WorkspaceId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReadsResult {
    /// Those that moved, in the order of the channels' ids.
    pub reads: Vec<Read>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ReadCursors")]
pub struct CursorsResult {
    /// One for each channel the caller is in.
    pub reads: Vec<Read>,
    /// Where in the log this was read.
    pub pos: Pos,
}
