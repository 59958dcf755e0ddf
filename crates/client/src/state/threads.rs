use std::collections::BTreeMap;

use antiphon_api::{
    entities::Thread,
    ids::{ChannelId, MessageId},
};

use super::unread::Counts;

/// The threads the user follows.
#[derive(Clone, Debug, Default)]
pub(super) struct Threads(BTreeMap<MessageId, Thread>);

impl Threads {
    pub(super) fn get(&self, id: MessageId) -> Option<&Thread> {
        self.0.get(&id)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Thread> {
        self.0.values()
    }

    pub(super) fn keep(&mut self, thread: &Thread) {
        self.0.insert(thread.thread_id, thread.clone());
    }

    /// Also of a message that is no root, which changes nothing.
    pub(super) fn remove(&mut self, id: MessageId) {
        self.0.remove(&id);
    }

    pub(super) fn drop_channel(&mut self, channel: ChannelId) {
        self.0.retain(|_, thread| thread.channel_id != channel);
    }

    pub(super) fn counts(&mut self, id: MessageId) -> Option<Counts<'_>> {
        self.0.get_mut(&id).map(|thread| Counts {
            last_read_id: thread.last_read_id,
            unread: &mut thread.unread,
            mentions: &mut thread.mentions,
        })
    }
}

impl FromIterator<Thread> for Threads {
    fn from_iter<I: IntoIterator<Item = Thread>>(threads: I) -> Self {
        let keyed = threads.into_iter().map(|thread| (thread.thread_id, thread));
        Self(keyed.collect())
    }
}
