//! Threads: a message, the replies to it, and who follows them.
//!
//! The channel hears of every reply; a follower's counts follow from that, so that a reply is told
//! once however many follow. What belongs to a follower alone, a cursor and that it follows at all,
//! is told to that follower alone. A follow lives no longer than the membership of the channel.

mod follow;

use antiphon_api::{
    RpcError,
    ids::{ChannelId, MessageId, UserId},
    limits::MAX_LIST_BYTES,
    methods::{
        message::MessageResult,
        thread::{
            Follow, FollowedThread, Get, List, ListParams, ListResult, Messages, MessagesParams,
            MessagesResult, Read, Reply, ReplyParams, ThreadParams, Unfollow,
        },
    },
};
use antiphon_store::log;
use rusqlite::{Connection, params};

use super::{
    channel, message,
    page::{limit_of, up_to},
};
use crate::{
    context::{Failure, Look, Work},
    rpc::Router,
};

pub(super) use follow::{end, follow_on_reply, forget, forget_all, of_user};

pub(super) fn register(router: Router) -> Router {
    router
        .mutation::<Reply>(reply)
        .mutation::<Follow>(follow::follow)
        .mutation::<Unfollow>(follow::unfollow)
        .mutation::<Read>(follow::read)
        .query::<Get>(get)
        .query::<List>(list)
        .query::<Messages>(messages)
}

fn reply(work: &mut Work<'_, '_>, params: ReplyParams) -> Result<MessageResult, Failure> {
    let caller = work.caller.user()?;
    let root = message::root(work, params.thread_id, caller)?;
    let channel = channel::joined(work, root.channel_id, caller)?;
    message::post(work, &channel, Some(&root), params.body)
}

fn get(look: &mut Look<'_>, params: ThreadParams) -> Result<FollowedThread, Failure> {
    let caller = look.caller.user()?;
    let message = message::root(look, params.thread_id, caller)?;
    let thread = follow::of(look, message.channel_id, message.id, caller)?
        .ok_or_else(|| RpcError::not_found("thread", message.id.get()))?;
    Ok(FollowedThread { thread, message })
}

fn list(look: &mut Look<'_>, params: ListParams) -> Result<ListResult, Failure> {
    let caller = look.caller.user()?;
    let limit = limit_of(params.limit)?;
    if let Some(channel_id) = params.channel_id {
        channel::joined(look, channel_id, caller)?;
    }
    let mut statement = look.prepare_cached(
        "SELECT thread_id FROM thread_follow
         WHERE user_id = ?1 AND (?2 IS NULL OR channel_id = ?2) AND thread_id < ?3
         ORDER BY thread_id DESC LIMIT ?4",
    )?;
    let window = params![
        caller.get(),
        params.channel_id.map(ChannelId::get),
        params.before_id.map_or(i64::MAX, MessageId::get),
        limit + 1
    ];
    let rows = statement.query_map(window, |row| followed(look, MessageId(row.get(0)?), caller))?;
    let weight = |followed: &FollowedThread| message::weight(&followed.message);
    let (mut threads, has_more) = up_to(limit, MAX_LIST_BYTES, rows, weight)?;
    threads.reverse();
    Ok(ListResult {
        threads,
        has_more,
        pos: log::head(look)?,
    })
}

fn followed(
    db: &Connection,
    id: MessageId,
    caller: UserId,
) -> Result<FollowedThread, rusqlite::Error> {
    let absent = || rusqlite::Error::QueryReturnedNoRows;
    let message = message::find(db, id)?.ok_or_else(absent)?;
    let thread = follow::of(db, message.channel_id, id, caller)?.ok_or_else(absent)?;
    Ok(FollowedThread { thread, message })
}

fn messages(look: &mut Look<'_>, params: MessagesParams) -> Result<MessagesResult, Failure> {
    let caller = look.caller.user()?;
    let root = message::root(look, params.thread_id, caller)?;
    let window = message::Window {
        since: params.since_id,
        before: params.before_id,
        limit: params.limit,
    };
    let (messages, has_more) = window.read(look, root.channel_id, Some(root.id))?;
    Ok(MessagesResult {
        messages,
        has_more,
        pos: log::head(look)?,
    })
}
