use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    entities::{Message, Reaction},
    ids::{ChannelId, MessageId, Revision, UnixMs, UserId},
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageCreated {
    pub message: Message,
    /// The `idempotency_key` of the call that sent it, if it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageUpdated {
    pub message: Message,
    /// The `idempotency_key` of the call that edited it, if it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
}

/// Carries what a reader needs to correct its counts without holding the message. That of a root
/// implies those of its replies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageDeleted {
    pub message_id: MessageId,
    pub channel_id: ChannelId,
    pub thread_id: Option<MessageId>,
    pub author_id: UserId,
    pub mentions: Vec<UserId>,
    pub mentions_everyone: bool,
}

/// What a root says of its replies, after one came or went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageReplied {
    /// The root.
    pub message_id: MessageId,
    pub channel_id: ChannelId,
    pub reply_count: u32,
    pub last_reply_id: Option<MessageId>,
    pub last_reply_at: Option<UnixMs>,
    pub revision: Revision,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageReacted {
    pub message_id: MessageId,
    pub channel_id: ChannelId,
    /// All of them, after the change.
    pub reactions: Vec<Reaction>,
    pub revision: Revision,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessagePinned {
    pub message_id: MessageId,
    pub channel_id: ChannelId,
    pub pinned_at: Option<UnixMs>,
    pub pinned_by: Option<UserId>,
    pub revision: Revision,
}

/// `pinned_at` and `pinned_by` are null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageUnpinned {
    pub message_id: MessageId,
    pub channel_id: ChannelId,
    pub pinned_at: Option<UnixMs>,
    pub pinned_by: Option<UserId>,
    pub revision: Revision,
}
