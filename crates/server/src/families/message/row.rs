//! A message as its rows have it.

use antiphon_api::{
    RpcError,
    entities::{Message, Reaction},
    ids::{ChannelId, MessageId, Revision, UnixMs, UserId},
};
use rusqlite::{Connection, OptionalExtension, Row};

use super::super::channel;
use super::super::column::{json, optional};
use crate::context::Failure;

/// Of `message`, for [`from_row`].
pub(super) const COLUMNS: &str = "id, channel_id, author_id, body, thread_id, created_at,
    edited_at, revision, mentions_everyone, reply_count, last_reply_id, last_reply_at, pinned_at,
    pinned_by,
    (SELECT json_group_array(user_id ORDER BY user_id) FROM mention WHERE message_id = message.id),
    (SELECT json_group_array(json_array(emoji, user_id) ORDER BY reaction.id)
     FROM reaction WHERE message_id = message.id)";

/// A message of a channel the caller is in; any other is absent to them.
pub(in crate::families) fn readable(
    db: &Connection,
    id: MessageId,
    caller: UserId,
) -> Result<Message, Failure> {
    let absent = || RpcError::not_found("message", id.get());
    let message = find(db, id)?.ok_or_else(absent)?;
    if !channel::is_member(db, message.channel_id, caller)? {
        return Err(absent().into());
    }
    Ok(message)
}

/// The root of a thread in a channel the caller is in; any other is absent to them.
pub(in crate::families) fn root(
    db: &Connection,
    id: MessageId,
    caller: UserId,
) -> Result<Message, Failure> {
    let absent = || RpcError::not_found("thread", id.get());
    let root = find(db, id)?.ok_or_else(absent)?;
    if !channel::is_member(db, root.channel_id, caller)? {
        return Err(absent().into());
    }
    if let Some(thread) = root.thread_id {
        let message = format!("this message is itself a reply, to {thread}: name that one");
        return Err(RpcError::invalid_param("thread_id", message).into());
    }
    Ok(root)
}

pub(in crate::families) fn find(
    db: &Connection,
    id: MessageId,
) -> Result<Option<Message>, rusqlite::Error> {
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM present_message AS message WHERE id = ?1"
    ))?
    .query_row([id.get()], from_row)
    .optional()
}

/// A message that this transaction has just written.
pub(super) fn load(db: &Connection, id: MessageId) -> Result<Message, rusqlite::Error> {
    find(db, id)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// A message, if it is one of this channel.
pub(in crate::families) fn of_channel(
    db: &Connection,
    id: MessageId,
    channel_id: ChannelId,
) -> Result<Message, Failure> {
    let message = find(db, id)?.filter(|message| message.channel_id == channel_id);
    Ok(message.ok_or_else(|| RpcError::not_found("message", id.get()))?)
}

/// The newest root of a channel, or the newest reply of a thread.
pub(in crate::families) fn newest(
    db: &Connection,
    channel_id: ChannelId,
    thread: Option<MessageId>,
) -> Result<Option<MessageId>, rusqlite::Error> {
    newest_below(db, channel_id, thread, MessageId(i64::MAX))
}

/// The newest root of a channel, or reply of a thread, that is older than `id`.
pub(in crate::families) fn newest_below(
    db: &Connection,
    channel_id: ChannelId,
    thread: Option<MessageId>,
    id: MessageId,
) -> Result<Option<MessageId>, rusqlite::Error> {
    db.prepare_cached(
        "SELECT id FROM message WHERE channel_id = ?1 AND thread_id IS ?2 AND id < ?3
         ORDER BY id DESC LIMIT 1",
    )?
    .query_row(
        (channel_id.get(), thread.map(MessageId::get), id.get()),
        |row| row.get(0).map(MessageId),
    )
    .optional()
}

pub(super) fn from_row(row: &Row<'_>) -> Result<Message, rusqlite::Error> {
    let reactions: Vec<(String, UserId)> = json(row, 15)?;
    Ok(Message {
        id: MessageId(row.get(0)?),
        channel_id: ChannelId(row.get(1)?),
        author_id: UserId(row.get(2)?),
        body: row.get(3)?,
        thread_id: optional(row, 4, MessageId)?,
        created_at: UnixMs(row.get(5)?),
        edited_at: optional(row, 6, UnixMs)?,
        revision: Revision(row.get(7)?),
        mentions_everyone: row.get(8)?,
        reply_count: row.get(9)?,
        last_reply_id: optional(row, 10, MessageId)?,
        last_reply_at: optional(row, 11, UnixMs)?,
        pinned_at: optional(row, 12, UnixMs)?,
        pinned_by: optional(row, 13, UserId)?,
        mentions: json(row, 14)?,
        reactions: grouped(reactions),
    })
}

/// By emoji, in the order in which each was first put.
fn grouped(put: Vec<(String, UserId)>) -> Vec<Reaction> {
    let mut reactions: Vec<Reaction> = Vec::new();
    for (emoji, user) in put {
        match reactions
            .iter_mut()
            .find(|reaction| reaction.emoji == emoji)
        {
            Some(reaction) => reaction.user_ids.push(user),
            None => reactions.push(Reaction {
                emoji,
                user_ids: vec![user],
            }),
        }
    }
    reactions
}
