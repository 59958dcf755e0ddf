//! How far everybody has read. A cursor begins at the newest message when a membership of a channel
//! does, and ends with it; what is above it is counted anew whenever it is told.

use antiphon_api::{
    RpcError,
    entities::Read,
    events::ReadUpdated,
    ids::{ChannelId, MessageId, UserId},
    method::NoParams,
    methods::read::{
        Cursors, CursorsResult, Mark, MarkAll, MarkAllParams, MarkParams, MarkUnread, ReadResult,
        ReadsResult,
    },
};
use antiphon_store::{Audience, log, membership};
use rusqlite::{Connection, params};

use super::column::optional;
use super::{channel, message, permission};
use crate::{
    context::{Failure, Look, Work},
    rpc::Router,
};

pub(super) fn register(router: Router) -> Router {
    router
        .mutation::<Mark>(mark)
        .mutation::<MarkUnread>(mark_unread)
        .mutation::<MarkAll>(mark_all)
        .query::<Cursors>(cursors)
}

fn mark(work: &mut Work<'_, '_>, params: MarkParams) -> Result<ReadResult, Failure> {
    let MarkParams {
        channel_id,
        message_id,
    } = params;
    let caller = work.caller.user()?;
    channel::joined(work, channel_id, caller)?;
    message::of_channel(work, message_id, channel_id)?;
    let moved = advance(work, channel_id, caller, message_id)?;
    let read = of(work, channel_id, caller)?;
    if moved {
        tell(work, caller, &read)?;
    }
    Ok(ReadResult { read })
}

fn mark_unread(work: &mut Work<'_, '_>, params: MarkParams) -> Result<ReadResult, Failure> {
    let MarkParams {
        channel_id,
        message_id,
    } = params;
    let caller = work.caller.user()?;
    channel::joined(work, channel_id, caller)?;
    let message = message::of_channel(work, message_id, channel_id)?;
    if message.thread_id.is_some() {
        let message = "replies are not counted in a channel; name the root";
        return Err(RpcError::invalid_param("message_id", message).into());
    }
    let below = message::newest_below(work, channel_id, None, message_id)?;
    let moved = work
        .prepare_cached(
            "UPDATE read_cursor SET last_read_id = ?3
             WHERE user_id = ?1 AND channel_id = ?2 AND last_read_id IS NOT ?3",
        )?
        .execute(params![
            caller.get(),
            channel_id.get(),
            below.map(MessageId::get)
        ])?;
    let read = of(work, channel_id, caller)?;
    if moved > 0 {
        tell(work, caller, &read)?;
    }
    Ok(ReadResult { read })
}

fn mark_all(work: &mut Work<'_, '_>, params: MarkAllParams) -> Result<ReadsResult, Failure> {
    let caller = work.caller.user()?;
    let channels = match params.workspace_id {
        Some(id) => {
            permission::visible(work, id, caller)?;
            channel::joined_in(work, id, caller)?
        }
        None => membership::channels_of(work, caller)?,
    };
    let mut reads = Vec::new();
    for channel_id in channels {
        let Some(newest) = message::newest(work, channel_id, None)? else {
            continue;
        };
        if advance(work, channel_id, caller, newest)? {
            let read = of(work, channel_id, caller)?;
            tell(work, caller, &read)?;
            reads.push(read);
        }
    }
    Ok(ReadsResult { reads })
}

fn cursors(look: &mut Look<'_>, _: NoParams) -> Result<CursorsResult, Failure> {
    let caller = look.caller.user()?;
    Ok(CursorsResult {
        reads: of_user(look, caller)?,
        pos: log::head(look)?,
    })
}

/// Moves a cursor forward to a message. `false`: it was there or further.
fn advance(
    db: &Connection,
    channel_id: ChannelId,
    user_id: UserId,
    to: MessageId,
) -> Result<bool, rusqlite::Error> {
    let moved = db
        .prepare_cached(
            "UPDATE read_cursor SET last_read_id = ?3
             WHERE user_id = ?1 AND channel_id = ?2 AND coalesce(last_read_id, 0) < ?3",
        )?
        .execute([user_id.get(), channel_id.get(), to.get()])?;
    Ok(moved > 0)
}

fn tell(work: &mut Work<'_, '_>, user_id: UserId, read: &Read) -> Result<(), Failure> {
    let read = read.clone();
    work.emit(&Audience::user(user_id), ReadUpdated { read })?;
    Ok(())
}

/// Begins a cursor at the channel's newest message, and tells the user.
pub(super) fn begin(
    work: &mut Work<'_, '_>,
    channel_id: ChannelId,
    user_id: UserId,
) -> Result<(), Failure> {
    let newest = message::newest(work, channel_id, None)?;
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
    tell(work, user_id, &read)
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
fn of(db: &Connection, channel_id: ChannelId, user_id: UserId) -> Result<Read, rusqlite::Error> {
    let last_read_id = db
        .prepare_cached(
            "SELECT last_read_id FROM read_cursor WHERE user_id = ?1 AND channel_id = ?2",
        )?
        .query_row([user_id.get(), channel_id.get()], |row| {
            optional(row, 0, MessageId)
        })?;
    counted(db, channel_id, user_id, last_read_id)
}

/// A user's cursors in all channels, in the order of their ids.
pub(super) fn of_user(db: &Connection, user_id: UserId) -> Result<Vec<Read>, rusqlite::Error> {
    db.prepare_cached(
        "SELECT channel_id, last_read_id FROM read_cursor WHERE user_id = ?1 ORDER BY channel_id",
    )?
    .query_map([user_id.get()], |row| {
        let last_read_id = optional(row, 1, MessageId)?;
        counted(db, ChannelId(row.get(0)?), user_id, last_read_id)
    })?
    .collect()
}

fn counted(
    db: &Connection,
    channel_id: ChannelId,
    user_id: UserId,
    last_read_id: Option<MessageId>,
) -> Result<Read, rusqlite::Error> {
    let (unread, mentions) = message::unread(db, user_id, channel_id, None, last_read_id)?;
    Ok(Read {
        channel_id,
        last_read_id,
        unread,
        mentions,
    })
}
