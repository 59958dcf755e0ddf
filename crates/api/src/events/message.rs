use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    entities::Message,
    ids::{ChannelId, MessageId, UserId},
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

/// Carries what a reader needs to correct its counts without holding the message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageDeleted {
    pub message_id: MessageId,
    pub channel_id: ChannelId,
    pub thread_id: Option<MessageId>,
    pub author_id: UserId,
    pub mentions: Vec<UserId>,
}
