use antiphon_api::{
    RpcError,
    entities::{Message, Permission},
    events::{MessageCreated, MessageDeleted, MessageUpdated},
    ids::{ChannelId, MessageId, Revision, UnixMs, UserId},
    method::Done,
    methods::message::{
        DEFAULT_LIST_LIMIT, Delete, Get, List, ListParams, ListResult, MAX_BODY_BYTES,
        MAX_LIST_BYTES, MAX_LIST_LIMIT, MessageParams, MessageResult, Send, SendParams, Update,
        UpdateParams,
    },
};
use antiphon_store::{Audience, log};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{channel, permission};
use crate::{
    context::{Failure, Look, Work},
    rpc::Router,
};

const COLUMNS: &str = "id, channel_id, author_id, body, created_at, edited_at, revision";

pub(super) fn register(router: Router) -> Router {
    router
        .mutation::<Send>(send)
        .mutation::<Update>(update)
        .mutation::<Delete>(delete)
        .query::<Get>(get)
        .query::<List>(list)
}

fn send(work: &mut Work<'_, '_>, params: SendParams) -> Result<MessageResult, Failure> {
    let caller = work.caller.user()?;
    let body = body_of(params.body)?;
    channel::joined(work, params.channel_id, caller)?;
    work.prepare_cached(
        "INSERT INTO message (channel_id, author_id, body, created_at) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![
        params.channel_id.get(),
        caller.get(),
        body,
        work.now.get()
    ])?;
    let message = load(work, MessageId(work.last_insert_rowid()))?;
    let nonce = work.nonce.map(ToOwned::to_owned);
    work.emit(
        &Audience::channel(message.channel_id),
        MessageCreated {
            message: message.clone(),
            nonce,
        },
    )?;
    Ok(MessageResult { message })
}

fn update(work: &mut Work<'_, '_>, params: UpdateParams) -> Result<MessageResult, Failure> {
    let caller = work.caller.user()?;
    let body = body_of(params.body)?;
    let message = readable(work, params.message_id, caller)?;
    if message.author_id != caller {
        let message = "only its author edits a message";
        return Err(RpcError::forbidden("message:update", message).into());
    }
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

fn delete(work: &mut Work<'_, '_>, params: MessageParams) -> Result<Done, Failure> {
    let caller = work.caller.user()?;
    let message = readable(work, params.message_id, caller)?;
    let channel = channel::joined(work, message.channel_id, caller)?;
    if message.author_id != caller {
        permission::require(
            work,
            channel.workspace_id,
            caller,
            Permission::MessageDelete,
        )?;
    }
    work.prepare_cached("DELETE FROM message WHERE id = ?1")?
        .execute([message.id.get()])?;
    work.emit(
        &Audience::channel(message.channel_id),
        MessageDeleted {
            message_id: message.id,
            channel_id: message.channel_id,
            thread_id: message.thread_id,
            author_id: message.author_id,
            mentions: message.mentions,
        },
    )?;
    Ok(Done {})
}

fn get(look: &mut Look<'_>, params: MessageParams) -> Result<MessageResult, Failure> {
    let caller = look.caller.user()?;
    Ok(MessageResult {
        message: readable(look, params.message_id, caller)?,
    })
}

fn list(look: &mut Look<'_>, params: ListParams) -> Result<ListResult, Failure> {
    let caller = look.caller.user()?;
    let limit = params.limit.unwrap_or(DEFAULT_LIST_LIMIT);
    if !(1..=MAX_LIST_LIMIT).contains(&limit) {
        let message = format!("expected 1 to {MAX_LIST_LIMIT}");
        return Err(RpcError::invalid_param("limit", message).into());
    }
    channel::joined(look, params.channel_id, caller)?;
    let forward = params.since_id.is_some();
    let (above, below) = (
        params.since_id.map_or(0, MessageId::get),
        params.before_id.map_or(i64::MAX, MessageId::get),
    );
    let (mut messages, has_more) = page(look, params.channel_id, above, below, forward, limit)?;
    if !forward {
        messages.reverse();
    }
    Ok(ListResult {
        messages,
        has_more,
        pos: log::head(look)?,
    })
}

/// The messages nearest to where the direction begins, up to either bound but at least one if there
/// is one; and whether there are more.
fn page(
    db: &Connection,
    channel_id: ChannelId,
    above: i64,
    below: i64,
    forward: bool,
    limit: u32,
) -> Result<(Vec<Message>, bool), rusqlite::Error> {
    let order = if forward { "ASC" } else { "DESC" };
    let mut statement = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM message
         WHERE channel_id = ?1 AND id > ?2 AND id < ?3 ORDER BY id {order} LIMIT ?4"
    ))?;
    let window = params![channel_id.get(), above, below, limit + 1];
    let (mut messages, mut bytes) = (Vec::new(), 0);
    for message in statement.query_map(window, from_row)? {
        let message = message?;
        bytes += message.body.len();
        let full = messages.len() == limit as usize;
        if full || (bytes > MAX_LIST_BYTES && !messages.is_empty()) {
            return Ok((messages, true));
        }
        messages.push(message);
    }
    Ok((messages, false))
}

fn body_of(body: String) -> Result<String, RpcError> {
    if body.len() > MAX_BODY_BYTES {
        return Err(RpcError::too_large("the body", MAX_BODY_BYTES));
    }
    if body.trim().is_empty() {
        return Err(RpcError::invalid_param("body", "a message needs some text"));
    }
    Ok(body)
}

/// A message of a channel the caller is in; any other is absent to them.
fn readable(db: &Connection, id: MessageId, caller: UserId) -> Result<Message, Failure> {
    let absent = || RpcError::not_found("message", id.get());
    let message = find(db, id)?.ok_or_else(absent)?;
    if !channel::is_member(db, message.channel_id, caller)? {
        return Err(absent().into());
    }
    Ok(message)
}

fn find(db: &Connection, id: MessageId) -> Result<Option<Message>, rusqlite::Error> {
    db.prepare_cached(&format!("SELECT {COLUMNS} FROM message WHERE id = ?1"))?
        .query_row([id.get()], from_row)
        .optional()
}

/// A message that this transaction has just written.
fn load(db: &Connection, id: MessageId) -> Result<Message, rusqlite::Error> {
    find(db, id)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// Whether the channel has this message.
pub(super) fn is_in(
    db: &Connection,
    id: MessageId,
    channel_id: ChannelId,
) -> Result<bool, rusqlite::Error> {
    db.prepare_cached("SELECT 1 FROM message WHERE id = ?1 AND channel_id = ?2")?
        .exists([id.get(), channel_id.get()])
}

pub(super) fn newest(
    db: &Connection,
    channel_id: ChannelId,
) -> Result<Option<MessageId>, rusqlite::Error> {
    db.prepare_cached("SELECT max(id) FROM message WHERE channel_id = ?1")?
        .query_row([channel_id.get()], |row| {
            Ok(row.get::<_, Option<i64>>(0)?.map(MessageId))
        })
}

fn from_row(row: &Row<'_>) -> Result<Message, rusqlite::Error> {
    Ok(Message {
        id: MessageId(row.get(0)?),
        channel_id: ChannelId(row.get(1)?),
        author_id: UserId(row.get(2)?),
        body: row.get(3)?,
        thread_id: None,
        created_at: UnixMs(row.get(4)?),
        edited_at: row.get::<_, Option<i64>>(5)?.map(UnixMs),
        revision: Revision(row.get(6)?),
        reactions: Vec::new(),
        mentions: Vec::new(),
    })
}
