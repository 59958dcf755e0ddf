use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    entities::Read,
    ids::{ChannelId, MessageId},
    method,
};

method! {
    /// Moves the caller's read cursor forward to a message; it never moves back.
    "read.mark" Mutation Mark(MarkParams) -> ReadResult, [NotFound, Forbidden],
    example {"channel_id": 1, "message_id": 2}
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
