use antiphon_api::{
    RpcError,
    entities::Read,
    events::ReadUpdated,
    ids::{ChannelId, MessageId, UserId},
    methods::read::{Mark, MarkParams, ReadResult},
};
use antiphon_store::Audience;
use rusqlite::{Connection, params};

use super::{channel, message};
use crate::{
    context::{Failure, Work},
    rpc::Router,
};

pub(super) fn register(router: Router) -> Router {
    router.mutation::<Mark>(mark)
}

fn mark(work: &mut Work<'_, '_>, params: MarkParams) -> Result<ReadResult, Failure> {
    let MarkParams {
        channel_id,
        message_id,
    } = params;
    let caller = work.caller.user()?;
    channel::joined(work, channel_id, caller)?;
    if !message::is_in(work, message_id, channel_id)? {
        return Err(RpcError::not_found("message", message_id.get()).into());
    }
    let moved = work
        .prepare_cached(
            "UPDATE read_cursor SET last_read_id = ?3
             WHERE user_id = ?1 AND channel_id = ?2 AND coalesce(last_read_id, 0) < ?3",
        )?
        .execute(params![caller.get(), channel_id.get(), message_id.get()])?;
    let read = of(work, channel_id, caller)?;
    if moved > 0 {
        work.emit(&Audience::user(caller), ReadUpdated { read: read.clone() })?;
    }
    Ok(ReadResult { read })
}

/// Begins a cursor at the channel's newest message, and tells the user.
pub(super) fn begin(
    work: &mut Work<'_, '_>,
    channel_id: ChannelId,
    user_id: UserId,
) -> Result<(), Failure> {
    let newest = message::newest(work, channel_id)?;
    begin_at(work, channel_id, user_id, newest)
}

/// Begins a cursor at a message, and tells the user.
pub(super) fn begin_at(
    work: &mut Work<'_, '_>,
    channel_id: ChannelId,
    user_id: UserId,
    last_read_id: Option<MessageId>,
) -> Result<(), Failure> {
    work.prepare_cached(
        "INSERT INTO read_cursor (user_id, channel_id, last_read_id) VALUES (?1, ?2, ?3)",
    )?
    .execute(params![
        user_id.get(),
        channel_id.get(),
        last_read_id.map(MessageId::get)
    ])?;
    let read = of(work, channel_id, user_id)?;
    work.emit(&Audience::user(user_id), ReadUpdated { read })?;
    Ok(())
}

pub(super) fn forget(
    db: &Connection,
    channel_id: ChannelId,
    user_id: UserId,
) -> Result<(), rusqlite::Error> {
    db.prepare_cached("DELETE FROM read_cursor WHERE user_id = ?1 AND channel_id = ?2")?
        .execute([user_id.get(), channel_id.get()])?;
    Ok(())
}

pub(super) fn forget_all(db: &Connection, channel_id: ChannelId) -> Result<(), rusqlite::Error> {
    db.prepare_cached("DELETE FROM read_cursor WHERE channel_id = ?1")?
        .execute([channel_id.get()])?;
    Ok(())
}

/// A member's cursor with its counts.
pub(super) fn of(
    db: &Connection,
    channel_id: ChannelId,
    user_id: UserId,
) -> Result<Read, rusqlite::Error> {
    db.prepare_cached(
        "SELECT last_read_id, (
             SELECT count(*) FROM message
             WHERE channel_id = ?2 AND id > coalesce(last_read_id, 0) AND author_id <> ?1)
         FROM read_cursor WHERE user_id = ?1 AND channel_id = ?2",
    )?
    .query_row([user_id.get(), channel_id.get()], |row| {
        Ok(Read {
            channel_id,
            last_read_id: row.get::<_, Option<i64>>(0)?.map(MessageId),
            unread: row.get(1)?,
            mentions: 0,
        })
    })
}
