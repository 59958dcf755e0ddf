//! How the user wants to hear of their channels: one entry for each that is held.

use std::collections::BTreeMap;

use antiphon_api::{entities::Notify, ids::ChannelId};

#[derive(Clone, Debug, Default)]
pub(super) struct Notifies(BTreeMap<ChannelId, Notify>);

impl Notifies {
    pub(super) fn get(&self, channel: ChannelId) -> Option<&Notify> {
        self.0.get(&channel)
    }

    pub(super) fn all(&self) -> Vec<Notify> {
        self.0.values().copied().collect()
    }

    /// With the membership, unless it has begun.
    pub(super) fn begin(&mut self, channel: ChannelId) {
        self.0
            .entry(channel)
            .or_insert_with(|| Notify::usual(channel));
    }

    pub(super) fn update(&mut self, notify: Notify) {
        if let Some(held) = self.0.get_mut(&notify.channel_id) {
            *held = notify;
        }
    }

    pub(super) fn end(&mut self, channel: ChannelId) {
        self.0.remove(&channel);
    }
}

impl FromIterator<Notify> for Notifies {
    fn from_iter<I: IntoIterator<Item = Notify>>(notifies: I) -> Self {
        let notifies = notifies.into_iter();
        Self(notifies.map(|one| (one.channel_id, one)).collect())
    }
}
