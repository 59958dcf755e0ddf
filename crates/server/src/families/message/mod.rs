//! Messages: what is said in a channel, and what happens to it.
//!
//! A message is a root, or a reply to one; there are no replies to replies. A channel's lists and
//! counts are about roots, a thread's about its replies; both are ranges of one index. A message's
//! `revision` rises with every change, and every event about it carries whole current values.
//!
//! A message that is deleted is out of sight at once, with the replies to it, and its rows go slice by slice
//! (`purge.rs`). So whoever asks for messages otherwise than by channel and thread asks `present_message`
//! (`schema/07_removal.sql`), a view without them.
//!
//! The words of bodies are indexed by triggers (`schema/03_messages.sql`) and not by the statements
//! here, so that whoever deletes messages, the purging of a deleted channel included, leaves no
//! words behind: an index that names absent rows cannot be mended by any later statement.

mod delete;
mod edit;
mod list;
mod mentions;
mod page;
mod pins;
mod purge;
mod reactions;
mod row;
mod search;
mod send;
mod unread;

use antiphon_api::{
    RpcError,
    events::MessageReplied,
    ids::{ChannelId, MessageId},
    methods::message::{
        BulkDelete, Delete, Get, History, List, MAX_BODY_BYTES, Pin, Pins, React, Search, Send,
        ToggleReact, Unpin, Unreact, Update,
    },
};
use antiphon_store::Audience;

use crate::{
    context::{Failure, Work},
    rpc::Router,
};

pub(super) use page::{Window, weight};
pub(super) use purge::{OF_CHANNEL, step as purge};
pub(super) use row::{find, newest, newest_below, of_channel, readable, root};
pub(super) use send::post;
pub(super) use unread::unread;

pub(super) fn register(router: Router) -> Router {
    router
        .mutation::<Send>(send::send)
        .mutation::<Update>(edit::update)
        .query::<History>(edit::history)
        .mutation::<Delete>(delete::delete)
        .mutation::<BulkDelete>(delete::bulk_delete)
        .query::<Get>(list::get)
        .query::<List>(list::list)
        .mutation::<React>(reactions::react)
        .mutation::<Unreact>(reactions::unreact)
        .mutation::<ToggleReact>(reactions::toggle)
        .mutation::<Pin>(pins::pin)
        .mutation::<Unpin>(pins::unpin)
        .query::<Pins>(pins::pins)
        .search::<Search>(search::search)
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

/// Tells a channel what a root says of its replies.
fn tell_replied(
    work: &mut Work<'_, '_>,
    channel_id: ChannelId,
    root: MessageId,
) -> Result<(), Failure> {
    let root = row::load(work, root)?;
    work.emit(
        &Audience::channel(channel_id),
        MessageReplied {
            message_id: root.id,
            channel_id,
            reply_count: root.reply_count,
            last_reply_id: root.last_reply_id,
            last_reply_at: root.last_reply_at,
            revision: root.revision,
        },
    )?;
    Ok(())
}
