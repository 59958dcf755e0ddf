//! The huddles that go on in the channels of the user.

use std::collections::BTreeMap;

use antiphon_api::{
    entities::Huddle,
    ids::{ChannelId, HuddleId},
};

#[derive(Clone, Debug, Default)]
pub(super) struct Huddles(BTreeMap<HuddleId, Huddle>);

impl Huddles {
    pub(super) fn of(&self, channel: ChannelId) -> Option<&Huddle> {
        self.0.values().find(|huddle| huddle.channel_id == channel)
    }

    /// In id order.
    pub(super) fn all(&self) -> impl Iterator<Item = &Huddle> {
        self.0.values()
    }

    pub(super) fn keep(&mut self, huddle: &Huddle) {
        let held = self.0.get(&huddle.id);
        if held.is_none_or(|held| held.revision <= huddle.revision) {
            self.0.insert(huddle.id, huddle.clone());
        }
    }

    pub(super) fn drop_huddle(&mut self, id: HuddleId) {
        self.0.remove(&id);
    }

    pub(super) fn drop_channel(&mut self, channel: ChannelId) {
        self.0.retain(|_, huddle| huddle.channel_id != channel);
    }
}

impl FromIterator<Huddle> for Huddles {
    fn from_iter<I: IntoIterator<Item = Huddle>>(huddles: I) -> Self {
        Self(
            huddles
                .into_iter()
                .map(|huddle| (huddle.id, huddle))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use antiphon_api::{
        entities::Huddle,
        ids::{ChannelId, HuddleId, Revision, UnixMs, UserId},
    };

    use super::Huddles;

    const HERE: ChannelId = ChannelId(1);
    const THERE: ChannelId = ChannelId(2);

    fn huddle(channel_id: ChannelId, revision: i64) -> Huddle {
        Huddle {
            id: HuddleId(channel_id.get()),
            channel_id,
            started_by: UserId(1),
            started_at: UnixMs(1),
            participants: vec![],
            revision: Revision(revision),
        }
    }

    #[test]
    fn of_two_copies_of_a_huddle_the_one_with_the_lower_revision_loses() {
        let mut huddles: Huddles = [huddle(HERE, 2)].into_iter().collect();
        huddles.keep(&huddle(HERE, 1));
        assert_eq!(huddles.of(HERE), Some(&huddle(HERE, 2)));
        huddles.keep(&huddle(HERE, 3));
        assert_eq!(huddles.of(HERE), Some(&huddle(HERE, 3)));
    }

    #[test]
    fn a_huddle_goes_when_it_ends_or_with_its_channel() {
        let mut huddles: Huddles = [huddle(HERE, 1), huddle(THERE, 1)].into_iter().collect();
        huddles.drop_channel(HERE);
        assert!(huddles.all().eq([&huddle(THERE, 1)]));
        huddles.drop_huddle(HuddleId(2));
        assert_eq!(huddles.all().count(), 0);
    }
}
