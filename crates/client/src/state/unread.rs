//! What a message does to the counts above a cursor, of a channel or of a thread.

use antiphon_api::{
    entities::Message,
    events::MessageDeleted,
    ids::{ChannelId, MessageId, UserId},
};

/// What decides whether a message counts as unread, and where.
pub(super) struct Countable<'a> {
    pub(super) channel_id: ChannelId,
    pub(super) thread_id: Option<MessageId>,
    id: MessageId,
    author_id: UserId,
    mentions: &'a [UserId],
    mentions_everyone: bool,
}

impl<'a> From<&'a Message> for Countable<'a> {
    fn from(message: &'a Message) -> Self {
        Self {
            channel_id: message.channel_id,
            thread_id: message.thread_id,
            id: message.id,
            author_id: message.author_id,
            mentions: &message.mentions,
            mentions_everyone: message.mentions_everyone,
        }
    }
}

impl<'a> From<&'a MessageDeleted> for Countable<'a> {
    fn from(deleted: &'a MessageDeleted) -> Self {
        Self {
            channel_id: deleted.channel_id,
            thread_id: deleted.thread_id,
            id: deleted.message_id,
            author_id: deleted.author_id,
            mentions: &deleted.mentions,
            mentions_everyone: deleted.mentions_everyone,
        }
    }
}

/// The counts above one cursor.
pub(super) struct Counts<'a> {
    pub(super) last_read_id: Option<MessageId>,
    pub(super) unread: &'a mut u32,
    pub(super) mentions: &'a mut u32,
}

impl Counts<'_> {
    /// Moves the counts of `me`, if the message is one that counts.
    pub(super) fn step(self, message: &Countable<'_>, me: UserId, step: fn(u32) -> u32) {
        if Some(message.id) <= self.last_read_id || message.author_id == me {
            return;
        }
        *self.unread = step(*self.unread);
        if message.mentions_everyone || message.mentions.contains(&me) {
            *self.mentions = step(*self.mentions);
        }
    }
}
