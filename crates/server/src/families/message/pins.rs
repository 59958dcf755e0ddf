use antiphon_api::{
    RpcError,
    entities::{Message, Permission},
    events::{MessagePinned, MessageUnpinned},
    ids::{ChannelId, MessageId, UnixMs, UserId},
    limits::MAX_LIST_BYTES,
    methods::message::{MAX_PINS, MessageParams, MessageResult, PinsParams, PinsResult},
};
use antiphon_store::{Audience, log};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    super::{
        channel,
        page::{limit_of, up_to},
        permission,
    },
    page::weight,
    readable,
    row::{COLUMNS, from_row, load},
};
use crate::context::{Failure, Look, Work};

pub(super) fn pin(
    work: &mut Work<'_, '_>,
    params: MessageParams,
) -> Result<MessageResult, Failure> {
    let message = pinnable(work, params)?;
    if message.pinned_at.is_some() {
        return Ok(MessageResult { message });
    }
    let pinned: usize = work
        .prepare_cached(
            "SELECT count(*) FROM present_message WHERE channel_id = ?1 AND pinned_at IS NOT NULL",
        )?
        .query_row([message.channel_id.get()], |row| row.get(0))?;
    if pinned >= MAX_PINS {
        let message = format!("a channel has at most {MAX_PINS} pinned messages; unpin one first");
        return Err(RpcError::full(MAX_PINS, message).into());
    }
    let message = set(work, &message, Some(work.caller.user()?))?;
    work.emit(
        &Audience::channel(message.channel_id),
        MessagePinned {
            message_id: message.id,
            channel_id: message.channel_id,
            pinned_at: message.pinned_at,
            pinned_by: message.pinned_by,
            revision: message.revision,
        },
    )?;
    Ok(MessageResult { message })
}

pub(super) fn unpin(
    work: &mut Work<'_, '_>,
    params: MessageParams,
) -> Result<MessageResult, Failure> {
    let message = pinnable(work, params)?;
    if message.pinned_at.is_none() {
        return Ok(MessageResult { message });
    }
    let message = set(work, &message, None)?;
    work.emit(
        &Audience::channel(message.channel_id),
        MessageUnpinned {
            message_id: message.id,
            channel_id: message.channel_id,
            pinned_at: message.pinned_at,
            pinned_by: message.pinned_by,
            revision: message.revision,
        },
    )?;
    Ok(MessageResult { message })
}

pub(super) fn pins(look: &mut Look<'_>, params: PinsParams) -> Result<PinsResult, Failure> {
    let caller = look.caller.user()?;
    let limit = limit_of(params.limit)?;
    channel::joined(look, params.channel_id, caller)?;
    let (before, id) = match params.before_id {
        Some(id) => (pinned_at(look, params.channel_id, id)?, id.get()),
        None => (UnixMs(i64::MAX), i64::MAX),
    };
    let mut statement = look.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM present_message AS message
         WHERE channel_id = ?1 AND pinned_at IS NOT NULL AND (pinned_at, id) < (?2, ?3)
         ORDER BY pinned_at DESC, id DESC"
    ))?;
    let rows = statement.query_map([params.channel_id.get(), before.get(), id], from_row)?;
    let (messages, has_more) = up_to(limit, MAX_LIST_BYTES, rows, weight)?;
    Ok(PinsResult {
        messages,
        has_more,
        pos: log::head(look)?,
    })
}

/// When the message a page begins behind was pinned.
fn pinned_at(db: &Connection, channel_id: ChannelId, id: MessageId) -> Result<UnixMs, Failure> {
    let pinned = db
        .prepare_cached(
            "SELECT pinned_at FROM present_message
             WHERE id = ?1 AND channel_id = ?2 AND pinned_at IS NOT NULL",
        )?
        .query_row([id.get(), channel_id.get()], |row| row.get(0).map(UnixMs))
        .optional()?;
    let gone = "this message is not pinned in the channel (any more): begin with the newest pin";
    Ok(pinned.ok_or_else(|| RpcError::invalid_param("before_id", gone))?)
}

/// A message that the caller may pin and unpin.
fn pinnable(work: &Work<'_, '_>, params: MessageParams) -> Result<Message, Failure> {
    let caller = work.caller.user()?;
    let message = readable(work, params.message_id, caller)?;
    let channel = channel::joined(work, message.channel_id, caller)?;
    permission::require(work, channel.workspace_id, caller, Permission::MessagePin)?;
    Ok(message)
}

fn set(
    work: &Work<'_, '_>,
    message: &Message,
    by: Option<UserId>,
) -> Result<Message, rusqlite::Error> {
    work.prepare_cached(
        "UPDATE message SET pinned_at = ?2, pinned_by = ?3, revision = revision + 1 WHERE id = ?1",
    )?
    .execute(params![
        message.id.get(),
        by.map(|_| work.now.get()),
        by.map(UserId::get)
    ])?;
    load(work, message.id)
}
