use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    entities::{Message, Reaction},
    ids::{ChannelId, MessageId, Pos, Revision, UnixMs, UserId, WorkspaceId},
    method,
    method::Done,
};

/// The largest body, in bytes of UTF-8.
pub const MAX_BODY_BYTES: usize = 32 * 1024;
/// The most users a message mentions by name or with `@here`.
pub const MAX_MENTIONS: usize = 256;
/// The most replies to one message; then a new thread is begun.
pub const MAX_REPLIES: u32 = 10_000;
/// The most different emoji on one message.
pub const MAX_EMOJI: usize = 50;
/// The most reactions on one message, of all emoji together; with them and the largest body it
/// still fits one event.
pub const MAX_REACTIONS: usize = 2_000;
/// The most pinned messages in one channel.
pub const MAX_PINS: usize = 100;
/// The former bodies that are kept of a message, the newest.
pub const MAX_EDITS: usize = 50;
/// The most messages deleted by one call.
pub const MAX_BULK: usize = 100;
/// The longest search, in characters.
pub const MAX_QUERY_CHARS: usize = 256;
/// The most words and phrases in one search.
pub const MAX_QUERY_TERMS: usize = 32;

method! {
    /// Sends a message to a channel the caller is in, or a reply to one of its messages.
    "message.send" Mutation Send(SendParams) -> MessageResult, [NotFound, Forbidden, Conflict, TooLarge],
    example {"channel_id": 1, "body": "Good morning, @ben"}
}

method! {
    /// Messages of a channel in id order, without replies: the newest, or those after `since_id` or
    /// before `before_id`.
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
    example {"message_id": 4, "body": "The picnic is on Sunday at one."}
}

method! {
    /// Deletes a message and its replies: one's own, or with `message:delete` anybody's.
    "message.delete" Mutation Delete(MessageParams) -> Done, [NotFound, Forbidden],
    example {"message_id": 1}
}

method! {
    /// Deletes messages of one channel, all of them or none: for those of others one needs
    /// `message:delete`.
    "message.bulk_delete" Mutation BulkDelete(BulkDeleteParams) -> BulkDeleteResult, [NotFound, Forbidden],
    example {"channel_id": 1, "message_ids": [1, 4]}
}

method! {
    /// Puts an emoji on a message.
    "message.react" Mutation React(ReactParams) -> ReactionsResult, [NotFound, Forbidden, Conflict],
    example {"message_id": 2, "emoji": "🎉"}
}

method! {
    /// Takes the caller's emoji off a message.
    "message.unreact" Mutation Unreact(ReactParams) -> ReactionsResult, [NotFound],
    example {"message_id": 4, "emoji": "👍"}
}

method! {
    /// Puts an emoji on a message, or takes it off if the caller had put it there.
    "message.toggle_react" Mutation ToggleReact(ReactParams) -> ReactionsResult, [NotFound, Forbidden, Conflict],
    example {"message_id": 2, "emoji": "🎉"}
}

method! {
    /// Pins a message to its channel.
    "message.pin" Mutation Pin(MessageParams) -> MessageResult, [NotFound, Forbidden, Conflict],
    example {"message_id": 2}
}

method! {
    /// Unpins a message, whoever had pinned it.
    "message.unpin" Mutation Unpin(MessageParams) -> MessageResult, [NotFound, Forbidden],
    example {"message_id": 4}
}

method! {
    /// The pinned messages of a channel, the newest pin first.
    "message.pins" Query Pins(PinsParams) -> PinsResult, [NotFound, Forbidden],
    example {"channel_id": 1}
}

method! {
    /// The former bodies of a message, the newest first.
    "message.history" Query History(HistoryParams) -> HistoryResult, [NotFound],
    example {"message_id": 4}
}

method! {
    /// Finds messages by their words in the channels the caller is in, the newest first: all of the
    /// words, "phrases in quotes", and beginnings of words followed by an asterisk.
    "message.search" Query / Heavy Search(SearchParams) -> SearchResult, [NotFound, Forbidden],
    example {"query": "tulip*"}
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendParams {
    pub channel_id: ChannelId,
    /// 1 byte to 32 KiB.
    pub body: String,
    /// The message it replies to, which is no reply itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread_id: Option<MessageId>,
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
pub struct HistoryParams {
    pub message_id: MessageId,
    /// Only bodies of revisions below this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_revision: Option<Revision>,
    /// 1 to 200; 50, which is all that are kept, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
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
    /// In id order. Fewer than `limit` when they would hold over 1 MiB of bodies and reactions.
    pub messages: Vec<Message>,
    /// Whether more follow in the direction asked for.
    pub has_more: bool,
    /// Where in the log this was read.
    pub pos: Pos,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkDeleteParams {
    pub channel_id: ChannelId,
    /// 1 to 100, replies among them.
    pub message_ids: Vec<MessageId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "MessageBulkDeleteResult")]
pub struct BulkDeleteResult {
    /// Each once, in rising order; replies that only went with their root are not named.
    pub deleted_ids: Vec<MessageId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReactParams {
    pub message_id: MessageId,
    /// An emoji or a name of one: 1 to 32 characters without white space.
    pub emoji: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "MessageReactionsResult")]
pub struct ReactionsResult {
    /// All of the message's, after the call.
    pub reactions: Vec<Reaction>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PinsParams {
    pub channel_id: ChannelId,
    /// Only pins older than that of this message, which is still pinned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_id: Option<MessageId>,
    /// 1 to 200; 50 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "MessagePins")]
pub struct PinsResult {
    /// Fewer than `limit` when they would hold over 1 MiB of bodies and reactions.
    pub messages: Vec<Message>,
    /// Whether there are older pins.
    pub has_more: bool,
    /// Where in the log this was read.
    pub pos: Pos,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "MessageHistory")]
pub struct HistoryResult {
    /// Fewer than `limit` when they would hold over 1 MiB of bodies.
    pub edits: Vec<Edit>,
    /// Whether older ones are kept.
    pub has_more: bool,
    /// Where in the log this was read.
    pub pos: Pos,
}

/// What a message said before an edit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "MessageEdit")]
pub struct Edit {
    /// The message's revision right before the edit.
    pub revision: Revision,
    pub body: String,
    /// When the edit replaced this body.
    pub edited_at: UnixMs,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchParams {
    /// At most 256 characters and 32 words and phrases, at least one of each. Case and accents
    /// do not matter. At most 2 beginnings, the last word of each with at least 2 letters or
    /// digits.
    pub query: String,
    /// Only in this workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<WorkspaceId>,
    /// Only in this channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_id: Option<ChannelId>,
    /// Only what this user wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author_id: Option<UserId>,
    /// Only messages below this id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_id: Option<MessageId>,
    /// 1 to 200; 50 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "MessageSearch")]
pub struct SearchResult {
    /// The newest first.
    pub hits: Vec<Hit>,
    /// Whether older ones are left to look through.
    pub has_more: bool,
    /// The `before_id` of the next page, if there is more.
    pub next_before_id: Option<MessageId>,
    /// Where in the log this was read.
    pub pos: Pos,
}

/// A message that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "MessageHit")]
pub struct Hit {
    pub message: Message,
    /// The part of the body with the most of what was searched for; its texts joined are that part.
    pub snippet: Vec<SnippetPart>,
}

/// A piece of a snippet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "MessageSnippetPart")]
pub struct SnippetPart {
    pub text: String,
    /// Whether it is what was searched for.
    pub hit: bool,
}
