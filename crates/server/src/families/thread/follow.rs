//! Who follows a thread, and how far each has read in it.

use std::collections::BTreeSet;

use antiphon_api::{
    RpcError,
    entities::{Message, Thread},
    events::{ThreadRemovalReason, ThreadRemoved, ThreadUpdated},
    ids::{ChannelId, MessageId, UserId},
    method::Done,
    methods::thread::{MAX_FOLLOWED, ReadParams, ThreadParams, ThreadResult},
};
use antiphon_store::Audience;
use rusqlite::{Connection, OptionalExtension, params};

use super::super::{channel, column::optional, message};
use crate::context::{Failure, Work};

pub(super) fn follow(
    work: &mut Work<'_, '_>,
    params: ThreadParams,
) -> Result<ThreadResult, Failure> {
    let caller = work.caller.user()?;
    let root = message::root(work, params.thread_id, caller)?;
    let newest = message::newest(work, root.channel_id, Some(root.id))?;
    begin(work, &root, caller, newest)?;
    Ok(ThreadResult {
        thread: following(work, &root, caller)?,
    })
}

pub(super) fn unfollow(work: &mut Work<'_, '_>, params: ThreadParams) -> Result<Done, Failure> {
    let caller = work.caller.user()?;
    let root = message::root(work, params.thread_id, caller)?;
    let reason = ThreadRemovalReason::Unfollowed;
    remove(work, root.channel_id, root.id, caller, reason)?;
    Ok(Done {})
}

pub(super) fn read(work: &mut Work<'_, '_>, params: ReadParams) -> Result<ThreadResult, Failure> {
    let ReadParams {
        thread_id,
        message_id,
    } = params;
    let caller = work.caller.user()?;
    let root = message::root(work, thread_id, caller)?;
    following(work, &root, caller)?;
    let reply = message::find(work, message_id)?;
    if reply.is_none_or(|reply| reply.thread_id != Some(thread_id)) {
        return Err(RpcError::not_found("message", message_id.get()).into());
    }
    let moved = work
        .prepare_cached(
            "UPDATE thread_follow SET last_read_id = ?4
             WHERE user_id = ?1 AND channel_id = ?2 AND thread_id = ?3
               AND coalesce(last_read_id, 0) < ?4",
        )?
        .execute([
            caller.get(),
            root.channel_id.get(),
            thread_id.get(),
            message_id.get(),
        ])?;
    let thread = following(work, &root, caller)?;
    if moved > 0 {
        let thread = thread.clone();
        work.emit(&Audience::user(caller), ThreadUpdated { thread })?;
    }
    Ok(ThreadResult { thread })
}

/// Who replies follows, and who is mentioned by name, from this reply on; and the author of the
/// root from the first one on, but not again after unfollowing.
pub(in crate::families) fn follow_on_reply(
    work: &mut Work<'_, '_>,
    root: &Message,
    reply: &Message,
    named: &BTreeSet<UserId>,
) -> Result<(), Failure> {
    begin(work, root, reply.author_id, Some(reply.id))?;
    let earlier = message::newest_below(work, root.channel_id, Some(root.id), reply.id)?;
    for user in named {
        begin(work, root, *user, earlier)?;
    }
    if begins(work, root)? && channel::is_member(work, root.channel_id, root.author_id)? {
        begin(work, root, root.author_id, earlier)?;
    }
    Ok(())
}

/// Whether nobody has ever replied to `root`; from then on somebody has.
fn begins(db: &Connection, root: &Message) -> Result<bool, rusqlite::Error> {
    let begun = db
        .prepare_cached("UPDATE message SET replied = 1 WHERE id = ?1 AND replied = 0")?
        .execute([root.id.get()])?;
    Ok(begun > 0)
}

/// Follows unless it does, with a cursor at `last_read`, and tells the user.
fn begin(
    work: &mut Work<'_, '_>,
    root: &Message,
    user: UserId,
    last_read: Option<MessageId>,
) -> Result<(), Failure> {
    let begun = work
        .prepare_cached(
            "INSERT INTO thread_follow (user_id, channel_id, thread_id, last_read_id)
             VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            user.get(),
            root.channel_id.get(),
            root.id.get(),
            last_read.map(MessageId::get)
        ])?;
    if begun == 0 {
        return Ok(());
    }
    make_room(work, root, user)?;
    let thread = following(work, root, user)?;
    work.emit(&Audience::user(user), ThreadUpdated { thread })?;
    Ok(())
}

/// Over the bound, ends the follow of the thread whose last reply, or else root, is the oldest.
fn make_room(work: &mut Work<'_, '_>, newest: &Message, user: UserId) -> Result<(), Failure> {
    let followed: usize = work
        .prepare_cached("SELECT count(*) FROM thread_follow WHERE user_id = ?1")?
        .query_row([user.get()], |row| row.get(0))?;
    if followed <= MAX_FOLLOWED {
        return Ok(());
    }
    let (channel_id, thread_id) = work
        .prepare_cached(
            "SELECT followed.channel_id, followed.thread_id FROM thread_follow AS followed
             JOIN message ON message.id = followed.thread_id
             WHERE user_id = ?1 AND followed.thread_id <> ?2
             ORDER BY coalesce(last_reply_id, id) LIMIT 1",
        )?
        .query_row([user.get(), newest.id.get()], |row| {
            Ok((ChannelId(row.get(0)?), MessageId(row.get(1)?)))
        })?;
    let reason = ThreadRemovalReason::Displaced;
    remove(work, channel_id, thread_id, user, reason)
}

fn remove(
    work: &mut Work<'_, '_>,
    channel_id: ChannelId,
    thread_id: MessageId,
    user: UserId,
    reason: ThreadRemovalReason,
) -> Result<(), Failure> {
    let removed = work
        .prepare_cached(
            "DELETE FROM thread_follow
             WHERE user_id = ?1 AND channel_id = ?2 AND thread_id = ?3",
        )?
        .execute([user.get(), channel_id.get(), thread_id.get()])?;
    if removed > 0 {
        work.emit(
            &Audience::user(user),
            ThreadRemoved {
                thread_id,
                channel_id,
                reason,
            },
        )?;
    }
    Ok(())
}

/// Ends what a user follows in a channel they leave, which `channel.removed` implies.
pub(in crate::families) fn forget(
    db: &Connection,
    channel_id: ChannelId,
    user_id: UserId,
) -> Result<(), rusqlite::Error> {
    db.prepare_cached("DELETE FROM thread_follow WHERE user_id = ?1 AND channel_id = ?2")?
        .execute([user_id.get(), channel_id.get()])?;
    Ok(())
}

/// Ends all follows in a channel that ends.
pub(in crate::families) fn forget_all(
    db: &Connection,
    channel_id: ChannelId,
) -> Result<(), rusqlite::Error> {
    db.prepare_cached("DELETE FROM thread_follow WHERE channel_id = ?1")?
        .execute([channel_id.get()])?;
    Ok(())
}

/// Ends all follows of a thread whose root is deleted, which `message.deleted` implies.
pub(in crate::families) fn end(
    db: &Connection,
    channel_id: ChannelId,
    thread_id: MessageId,
) -> Result<(), rusqlite::Error> {
    db.prepare_cached("DELETE FROM thread_follow WHERE channel_id = ?1 AND thread_id = ?2")?
        .execute([channel_id.get(), thread_id.get()])?;
    Ok(())
}

/// The threads a user follows, in id order.
pub(in crate::families) fn of_user(
    db: &Connection,
    user: UserId,
) -> Result<Vec<Thread>, rusqlite::Error> {
    db.prepare_cached(
        "SELECT channel_id, thread_id, last_read_id FROM thread_follow WHERE user_id = ?1
         ORDER BY thread_id",
    )?
    .query_map([user.get()], |row| {
        let last_read = optional(row, 2, MessageId)?;
        counted(
            db,
            ChannelId(row.get(0)?),
            MessageId(row.get(1)?),
            user,
            last_read,
        )
    })?
    .collect()
}

/// What a user has of a thread, if they follow it.
pub(super) fn of(
    db: &Connection,
    channel_id: ChannelId,
    thread_id: MessageId,
    user: UserId,
) -> Result<Option<Thread>, rusqlite::Error> {
    db.prepare_cached(
        "SELECT last_read_id FROM thread_follow
         WHERE user_id = ?1 AND channel_id = ?2 AND thread_id = ?3",
    )?
    .query_row([user.get(), channel_id.get(), thread_id.get()], |row| {
        let last_read = optional(row, 0, MessageId)?;
        counted(db, channel_id, thread_id, user, last_read)
    })
    .optional()
}

fn following(db: &Connection, root: &Message, user: UserId) -> Result<Thread, Failure> {
    let thread = of(db, root.channel_id, root.id, user)?;
    let unfollowed = || RpcError::conflict("unfollowed", "follow the thread first");
    Ok(thread.ok_or_else(unfollowed)?)
}

fn counted(
    db: &Connection,
    channel_id: ChannelId,
    thread_id: MessageId,
    user: UserId,
    last_read_id: Option<MessageId>,
) -> Result<Thread, rusqlite::Error> {
    let (unread, mentions) = message::unread(db, user, channel_id, Some(thread_id), last_read_id)?;
    Ok(Thread {
        thread_id,
        channel_id,
        last_read_id,
        unread,
        mentions,
    })
}
