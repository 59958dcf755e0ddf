use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    entities::{Message, Thread},
    ids::{ChannelId, MessageId, Pos},
    method,
    method::Done,
    methods::message::MessageResult,
};

/// The most threads one user follows: following one more displaces the one whose last reply is the
/// oldest.
pub const MAX_FOLLOWED: usize = 1_000;

method! {
    /// Replies to a message, as message.send does with `thread_id`.
    "thread.reply" Mutation Reply(ReplyParams) -> MessageResult, [NotFound, Forbidden, Conflict, TooLarge],
    example {"thread_id": 1, "body": "Good morning to you"}
}

method! {
    /// Follows a thread, from its newest reply on.
    "thread.follow" Mutation Follow(ThreadParams) -> ThreadResult, [NotFound],
    example {"thread_id": 2}
}

method! {
    /// Follows a thread no more.
    "thread.unfollow" Mutation Unfollow(ThreadParams) -> Done, [NotFound],
    example {"thread_id": 1}
}

method! {
    /// Moves the caller's cursor in a followed thread forward to a reply; it never moves back.
    "thread.read" Mutation Read(ReadParams) -> ThreadResult, [NotFound, Conflict],
    example {"thread_id": 1, "message_id": 3}
}

method! {
    /// A thread the caller follows, and the message at its root.
    "thread.get" Query Get(ThreadParams) -> FollowedThread, [NotFound],
    example {"thread_id": 1}
}

method! {
    /// The threads the caller follows with the messages at their roots, in id order: those with the
    /// highest ids, or those before `before_id`.
    "thread.list" Query / Heavy List(ListParams) -> ListResult, [NotFound, Forbidden],
    example {"channel_id": 1}
}

method! {
    /// The replies of a thread in id order: the newest, or those after `since_id` or before `before_id`.
    "thread.messages" Query Messages(MessagesParams) -> MessagesResult, [NotFound],
    example {"thread_id": 1}
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplyParams {
    /// The message it replies to, which is no reply itself.
    pub thread_id: MessageId,
    /// 1 byte to 32 KiB.
    pub body: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThreadParams {
    pub thread_id: MessageId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadParams {
    pub thread_id: MessageId,
    /// One of its replies.
    pub message_id: MessageId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListParams {
    /// Only those of this channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_id: Option<ChannelId>,
    /// Only threads below this id, the highest of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_id: Option<MessageId>,
    /// 1 to 200; 50 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessagesParams {
    pub thread_id: MessageId,
    /// Only replies above this id, oldest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_id: Option<MessageId>,
    /// Only replies below this id, the newest of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_id: Option<MessageId>,
    /// 1 to 200; 50 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadResult {
    pub thread: Thread,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ThreadList")]
pub struct ListResult {
    /// In id order. Fewer than `limit` when they would hold over 1 MiB of bodies and reactions.
    pub threads: Vec<FollowedThread>,
    /// Whether more come before these.
    pub has_more: bool,
    /// Where in the log this was read.
    pub pos: Pos,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ThreadFollowed")]
pub struct FollowedThread {
    #[serde(flatten)]
    pub thread: Thread,
    /// The root.
    pub message: Message,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ThreadMessages")]
pub struct MessagesResult {
    /// In id order, without the root. Fewer than `limit` when they would hold over 1 MiB of bodies
    /// and reactions.
    pub messages: Vec<Message>,
    /// Whether more follow in the direction asked for.
    pub has_more: bool,
    /// Where in the log this was read.
    pub pos: Pos,
}
