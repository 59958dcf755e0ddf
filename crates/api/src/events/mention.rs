use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{ChannelId, MessageId, UserId};

/// How a message mentions somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MentionKind {
    /// By name.
    User,
    /// With `@here`, as one of those who were online.
    Here,
    /// With `@channel`, or with an `@here` that more than 256 people would have heard.
    Channel,
}

/// It does not count twice: what is unread follows from the message alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MentionCreated {
    pub message_id: MessageId,
    pub channel_id: ChannelId,
    pub author_id: UserId,
    pub kind: MentionKind,
}
