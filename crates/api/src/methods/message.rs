use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    entities::Message,
    ids::{ChannelId, MessageId, Pos},
    method,
    method::Done,
};

/// The largest body, in bytes of UTF-8.
pub const MAX_BODY_BYTES: usize = 32 * 1024;
/// The most messages in one answer.
pub const MAX_LIST_LIMIT: u32 = 200;
/// The most bytes of bodies in one answer: a page ends before the message that would go over it,
/// but has at least one.
pub const MAX_LIST_BYTES: usize = 1 << 20;
/// How many messages an answer holds unless `limit` is given.
pub const DEFAULT_LIST_LIMIT: u32 = 50;

method! {
    /// Sends a message to a channel the caller is in.
    "message.send" Mutation Send(SendParams) -> MessageResult, [NotFound, Forbidden, TooLarge],
    example {"channel_id": 1, "body": "Good morning"}
}

method! {
    /// Messages of a channel in id order: the newest, or those after `since_id` or before `before_id`.
    "message.list" Query List(ListParams) -> ListResult, [NotFound, Forbidden],
    example {"channel_id": 1, "limit": 2}
}

method! {
    /// One message of a channel the caller is in.
    "message.get" Query Get(MessageParams) -> MessageResult, [NotFound],
    example {"message_id": 1}
}

method! {
    /// Replaces the body of one of the caller's own messages.
    "message.update" Mutation Update(UpdateParams) -> MessageResult, [NotFound, Forbidden, TooLarge],
    example {"message_id": 1, "body": "Good evening"}
}

method! {
    /// Deletes a message: one's own, or with `message:delete` anybody's.
    "message.delete" Mutation Delete(MessageParams) -> Done, [NotFound, Forbidden],
    example {"message_id": 1}
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendParams {
    pub channel_id: ChannelId,
    /// 1 byte to 32 KiB.
    pub body: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListParams {
    pub channel_id: ChannelId,
    /// Only messages above this id, oldest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_id: Option<MessageId>,
    /// Only messages below this id, the newest of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_id: Option<MessageId>,
    /// 1 to 200; 50 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageParams {
    pub message_id: MessageId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateParams {
    pub message_id: MessageId,
    /// 1 byte to 32 KiB.
    pub body: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageResult {
    pub message: Message,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "MessageList")]
pub struct ListResult {
    /// In id order. Fewer than `limit` when they would hold over 1 MiB of bodies.
    pub messages: Vec<Message>,
    /// Whether more follow in the direction asked for.
    pub has_more: bool,
    /// Where in the log this was read.
    pub pos: Pos,
}
