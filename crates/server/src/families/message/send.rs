//! Sending: to a channel, or as a reply.

use antiphon_api::{
    RpcError,
    entities::{Channel, Message, Permission},
    events::MessageCreated,
    ids::{MessageId, Revision, UserId},
    methods::message::{MAX_REPLIES, MessageResult, SendParams},
};
use antiphon_store::Audience;
use rusqlite::{Connection, params};

use super::{
    super::{channel, permission, thread},
    body_of,
    mentions::{self, Mentions},
    root, tell_replied,
};
use crate::context::{Failure, Work};

pub(super) fn send(work: &mut Work<'_, '_>, params: SendParams) -> Result<MessageResult, Failure> {
    let caller = work.caller.user()?;
    let channel = channel::joined(work, params.channel_id, caller)?;
    let root = params
        .thread_id
        .map(|id| root_in(work, &channel, id, caller));
    let root = root.transpose()?;
    post(work, &channel, root.as_ref(), params.body)
}

fn root_in(
    db: &Connection,
    channel: &Channel,
    id: MessageId,
    caller: UserId,
) -> Result<Message, Failure> {
    let root = root(db, id, caller)?;
    if root.channel_id == channel.id {
        Ok(root)
    } else {
        Err(RpcError::not_found("thread", id.get()).into())
    }
}

/// Says something in a channel the caller is in, perhaps as a reply.
pub(in crate::families) fn post(
    work: &mut Work<'_, '_>,
    channel: &Channel,
    root: Option<&Message>,
    body: String,
) -> Result<MessageResult, Failure> {
    let author = work.caller.user()?;
    permission::require(work, channel.workspace_id, author, Permission::MessageSend)?;
    let body = body_of(body)?;
    root.map_or(Ok(()), has_room)?;
    let mentions = mentions::of(work, channel, author, &body)?;
    let mut message = draft(work, channel, author, body, &mentions);
    message.thread_id = root.map(|root| root.id);
    message.id = insert(work, &message)?;
    tell_created(work, &message)?;
    if let Some(root) = root {
        add_to(work, root, &message)?;
        tell_replied(work, channel.id, root.id)?;
    }
    mentions::tell(work, &message, &mentions)?;
    if let Some(root) = root {
        thread::follow_on_reply(work, root, &message, &mentions.named)?;
    }
    Ok(MessageResult { message })
}

fn has_room(root: &Message) -> Result<(), RpcError> {
    if root.reply_count < MAX_REPLIES {
        return Ok(());
    }
    let message = format!("a thread has at most {MAX_REPLIES} replies; begin a new one");
    Err(RpcError::full(MAX_REPLIES as usize, message))
}

/// A message nothing has happened to, and that has no id so far.
fn draft(
    work: &Work<'_, '_>,
    channel: &Channel,
    author_id: UserId,
    body: String,
    mentions: &Mentions,
) -> Message {
    Message {
        id: MessageId::MIN,
        channel_id: channel.id,
        author_id,
        body,
        thread_id: None,
        created_at: work.now,
        edited_at: None,
        revision: Revision::MIN,
        reactions: Vec::new(),
        mentions: mentions.users(),
        mentions_everyone: mentions.everyone,
        reply_count: 0,
        last_reply_id: None,
        last_reply_at: None,
        pinned_at: None,
        pinned_by: None,
    }
}

/// What the message says of itself but for its id, which is returned.
fn insert(db: &Connection, message: &Message) -> Result<MessageId, rusqlite::Error> {
    let id = db
        .prepare_cached(
            "INSERT INTO message (channel_id, author_id, body, thread_id, created_at,
                 mentions_everyone)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id",
        )?
        .query_row(
            params![
                message.channel_id.get(),
                message.author_id.get(),
                message.body,
                message.thread_id.map(MessageId::get),
                message.created_at.get(),
                message.mentions_everyone
            ],
            |row| row.get(0).map(MessageId),
        )?;
    mentions::insert(db, id, message)?;
    Ok(id)
}

fn tell_created(work: &mut Work<'_, '_>, message: &Message) -> Result<(), Failure> {
    let nonce = work.nonce.map(ToOwned::to_owned);
    work.emit(
        &Audience::channel(message.channel_id),
        MessageCreated {
            message: message.clone(),
            nonce,
        },
    )?;
    Ok(())
}

fn add_to(db: &Connection, root: &Message, reply: &Message) -> Result<(), rusqlite::Error> {
    db.prepare_cached(
        "UPDATE message SET reply_count = reply_count + 1, last_reply_id = ?2, last_reply_at = ?3,
             revision = revision + 1
         WHERE id = ?1",
    )?
    .execute([root.id.get(), reply.id.get(), reply.created_at.get()])?;
    Ok(())
}
