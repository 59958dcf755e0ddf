//! Edits, and what was said before them.

use antiphon_api::{
    RpcError,
    entities::{Message, Permission},
    events::MessageUpdated,
    ids::{Revision, UnixMs},
    limits::MAX_LIST_BYTES,
    methods::message::{
        Edit, HistoryParams, HistoryResult, MAX_EDITS, MessageResult, UpdateParams,
    },
};
use antiphon_store::{Audience, log};
use rusqlite::{Connection, params};

use super::{
    super::{
        channel,
        page::{limit_of, up_to},
        permission,
    },
    body_of, readable,
    row::load,
};
use crate::context::{Failure, Look, Work};

/// Whom a message mentions was settled when it was sent.
pub(super) fn update(
    work: &mut Work<'_, '_>,
    params: UpdateParams,
) -> Result<MessageResult, Failure> {
    let caller = work.caller.user()?;
    let body = body_of(params.body)?;
    let message = readable(work, params.message_id, caller)?;
    if message.author_id != caller {
        let message = "only its author edits a message";
        return Err(RpcError::forbidden("message:update", message).into());
    }
    let channel = channel::joined(work, message.channel_id, caller)?;
    permission::require(work, channel.workspace_id, caller, Permission::MessageSend)?;
    if message.body == body {
        return Ok(MessageResult { message });
    }
    remember(work, &message, work.now)?;
    work.prepare_cached(
        "UPDATE message SET body = ?2, edited_at = ?3, revision = revision + 1 WHERE id = ?1",
    )?
    .execute(params![message.id.get(), body, work.now.get()])?;
    let message = load(work, message.id)?;
    let nonce = work.nonce.map(ToOwned::to_owned);
    work.emit(
        &Audience::channel(message.channel_id),
        MessageUpdated {
            message: message.clone(),
            nonce,
        },
    )?;
    Ok(MessageResult { message })
}

/// Keeps a body that is about to be replaced, and forgets the oldest.
fn remember(db: &Connection, message: &Message, now: UnixMs) -> Result<(), rusqlite::Error> {
    let id = message.id.get();
    db.prepare_cached(
        "INSERT INTO former_body (message_id, revision, body, edited_at) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![id, message.revision.get(), message.body, now.get()])?;
    db.prepare_cached(
        "DELETE FROM former_body WHERE message_id = ?1 AND revision <= (
             SELECT revision FROM former_body WHERE message_id = ?1
             ORDER BY revision DESC LIMIT 1 OFFSET ?2)",
    )?
    .execute(params![id, MAX_EDITS])?;
    Ok(())
}

pub(super) fn history(
    look: &mut Look<'_>,
    params: HistoryParams,
) -> Result<HistoryResult, Failure> {
    let caller = look.caller.user()?;
    let limit = limit_of(params.limit)?;
    let message = readable(look, params.message_id, caller)?;
    let below = params.before_revision.map_or(i64::MAX, Revision::get);
    let mut statement = look.prepare_cached(
        "SELECT revision, body, edited_at FROM former_body
         WHERE message_id = ?1 AND revision < ?2 ORDER BY revision DESC",
    )?;
    let rows = statement.query_map([message.id.get(), below], |row| {
        Ok(Edit {
            revision: Revision(row.get(0)?),
            body: row.get(1)?,
            edited_at: UnixMs(row.get(2)?),
        })
    })?;
    let (edits, has_more) = up_to(limit, MAX_LIST_BYTES, rows, |edit| edit.body.len())?;
    Ok(HistoryResult {
        edits,
        has_more,
        pos: log::head(look)?,
    })
}
