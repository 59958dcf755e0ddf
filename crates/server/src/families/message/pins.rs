use antiphon_api::{
    entities::{Message, Permission},
    events::{MessagePinned, MessageUnpinned},
    ids::UserId,
    methods::message::{MAX_PINS, MessageParams, MessageResult, PinsParams, PinsResult},
};
use antiphon_store::{Audience, log};
use rusqlite::params;

use super::{
    super::{channel, permission},
    full, readable,
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
            "SELECT count(*) FROM message WHERE channel_id = ?1 AND pinned_at IS NOT NULL",
        )?
        .query_row([message.channel_id.get()], |row| row.get(0))?;
    if pinned >= MAX_PINS {
        let message = format!("a channel has at most {MAX_PINS} pinned messages; unpin one first");
        return Err(full(message, MAX_PINS).into());
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
    channel::joined(look, params.channel_id, caller)?;
    let messages = look
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM message WHERE channel_id = ?1 AND pinned_at IS NOT NULL
             ORDER BY pinned_at DESC, id DESC"
        ))?
        .query_map([params.channel_id.get()], from_row)?
        .collect::<Result<_, _>>()?;
    Ok(PinsResult {
        messages,
        pos: log::head(look)?,
    })
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
