//! Deleting: a root goes with its replies, and a reply is taken off what its root says of it.

use antiphon_api::{
    RpcError,
    entities::{Channel, Message, Permission},
    events::MessageDeleted,
    ids::{ChannelId, MessageId, UserId},
    method::Done,
    methods::message::{BulkDeleteParams, BulkDeleteResult, MAX_BULK, MessageParams},
};
use antiphon_store::Audience;
use rusqlite::Connection;

use super::{
    super::{channel, permission, thread},
    newest, of_channel, readable, tell_replied,
};
use crate::context::{Failure, Work};

pub(super) fn delete(work: &mut Work<'_, '_>, params: MessageParams) -> Result<Done, Failure> {
    let caller = work.caller.user()?;
    let message = readable(work, params.message_id, caller)?;
    let channel = channel::joined(work, message.channel_id, caller)?;
    allowed(work, &channel, caller, std::slice::from_ref(&message))?;
    remove(work, message)?;
    Ok(Done {})
}

/// The newest first, so that a reply among them is deleted before its root.
pub(super) fn bulk_delete(
    work: &mut Work<'_, '_>,
    params: BulkDeleteParams,
) -> Result<BulkDeleteResult, Failure> {
    let mut deleted_ids = params.message_ids;
    deleted_ids.sort_unstable();
    deleted_ids.dedup();
    if !(1..=MAX_BULK).contains(&deleted_ids.len()) {
        let message = format!("expected 1 to {MAX_BULK} ids");
        return Err(RpcError::invalid_param("message_ids", message).into());
    }
    let caller = work.caller.user()?;
    let channel = channel::joined(work, params.channel_id, caller)?;
    let messages = deleted_ids
        .iter()
        .map(|id| of_channel(work, *id, params.channel_id))
        .collect::<Result<Vec<_>, _>>()?;
    allowed(work, &channel, caller, &messages)?;
    for message in messages.into_iter().rev() {
        remove(work, message)?;
    }
    Ok(BulkDeleteResult { deleted_ids })
}

/// Whether the caller may delete all of these, and with roots what others replied to them.
fn allowed(
    db: &Connection,
    channel: &Channel,
    caller: UserId,
    messages: &[Message],
) -> Result<(), Failure> {
    for message in messages {
        if message.author_id != caller || others_replied(db, message)? {
            let needed = Permission::MessageDelete;
            permission::require(db, channel.workspace_id, caller, needed)?;
            break;
        }
    }
    Ok(())
}

/// Whether somebody but its author replied to a message.
fn others_replied(db: &Connection, root: &Message) -> Result<bool, rusqlite::Error> {
    if root.reply_count == 0 {
        return Ok(false);
    }
    db.prepare_cached(
        "SELECT 1 FROM message WHERE channel_id = ?1 AND thread_id = ?2 AND author_id <> ?3",
    )?
    .exists([root.channel_id.get(), root.id.get(), root.author_id.get()])
}

fn remove(work: &mut Work<'_, '_>, message: Message) -> Result<(), Failure> {
    let Message { id, channel_id, .. } = message;
    hide(work, id)?;
    if message.thread_id.is_none() {
        thread::end(work, channel_id, id)?;
    }
    let gone = MessageDeleted {
        message_id: id,
        channel_id,
        thread_id: message.thread_id,
        author_id: message.author_id,
        mentions: message.mentions,
        mentions_everyone: message.mentions_everyone,
    };
    work.emit(&Audience::channel(channel_id), gone)?;
    if let Some(root) = message.thread_id {
        take_off(work, channel_id, root)?;
        tell_replied(work, channel_id, root)?;
    }
    Ok(())
}

/// Takes a message out of sight, and with a root the replies to it; `purge` removes their rows. Its
/// mentions go now: they are counted by the place they stand in, which they do not leave with it.
fn hide(db: &Connection, id: MessageId) -> Result<(), rusqlite::Error> {
    for statement in [
        "UPDATE message SET thread_id = id WHERE id = ?1",
        "DELETE FROM mention WHERE message_id = ?1",
    ] {
        db.prepare_cached(statement)?.execute([id.get()])?;
    }
    Ok(())
}

/// Takes a reply that is gone off what its root says of it.
fn take_off(
    db: &Connection,
    channel_id: ChannelId,
    root: MessageId,
) -> Result<(), rusqlite::Error> {
    let last = newest(db, channel_id, Some(root))?.map(MessageId::get);
    db.prepare_cached(
        "UPDATE message SET reply_count = reply_count - 1, last_reply_id = ?2,
             last_reply_at = (SELECT created_at FROM message WHERE id = ?2),
             revision = revision + 1
         WHERE id = ?1",
    )?
    .execute((root.get(), last))?;
    Ok(())
}
