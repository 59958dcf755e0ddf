//! Lists of messages, page by page.

use antiphon_api::{
    entities::Message,
    ids::{ChannelId, MessageId},
    limits::MAX_LIST_BYTES,
};
use rusqlite::{Connection, params};

use super::{
    super::page::{limit_of, up_to},
    row::{COLUMNS, from_row},
};
use crate::context::Failure;

/// What one id of a user, in a reaction or mention, adds to an answer at most.
const BYTES_PER_ID: usize = 17;

/// Which part of a list is asked for: what is above `since` from its beginning, or else what is
/// below `before` from its end.
pub(in crate::families) struct Window {
    pub(in crate::families) since: Option<MessageId>,
    pub(in crate::families) before: Option<MessageId>,
    pub(in crate::families) limit: Option<u32>,
}

impl Window {
    /// The roots of a channel, or the replies of a thread, in id order; and whether there are more
    /// in the direction asked for.
    pub(in crate::families) fn read(
        &self,
        db: &Connection,
        channel_id: ChannelId,
        thread: Option<MessageId>,
    ) -> Result<(Vec<Message>, bool), Failure> {
        let limit = limit_of(self.limit)?;
        let forward = self.since.is_some();
        let order = if forward { "ASC" } else { "DESC" };
        let mut statement = db.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM message
             WHERE channel_id = ?1 AND thread_id IS ?2 AND id > ?3 AND id < ?4
             ORDER BY id {order} LIMIT ?5"
        ))?;
        let window = params![
            channel_id.get(),
            thread.map(MessageId::get),
            self.since.map_or(0, MessageId::get),
            self.before.map_or(i64::MAX, MessageId::get),
            limit + 1
        ];
        let rows = statement.query_map(window, from_row)?;
        let (mut messages, has_more) = up_to(limit, MAX_LIST_BYTES, rows, weight)?;
        if !forward {
            messages.reverse();
        }
        Ok((messages, has_more))
    }
}

/// What a message adds to an answer: its body, and the ids it holds.
pub(in crate::families) fn weight(message: &Message) -> usize {
    let reactions = message.reactions.iter();
    let reacted = reactions.map(|one| one.emoji.len() + one.user_ids.len() * BYTES_PER_ID);
    message.body.len() + message.mentions.len() * BYTES_PER_ID + reacted.sum::<usize>()
}
