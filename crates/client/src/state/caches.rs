//! What is outside the equation: who is there, and who is typing. The newest value wins.

use std::collections::BTreeMap;

use antiphon_api::{
    entities::Presence,
    events::TypingStarted,
    ids::{ChannelId, UnixMs, UserId},
};

/// The newest presence of each user.
#[derive(Clone, Debug, Default)]
pub(super) struct PresenceCache(BTreeMap<UserId, Presence>);

impl PresenceCache {
    pub(super) fn get(&self, id: UserId) -> Option<&Presence> {
        self.0.get(&id)
    }
}

impl Extend<Presence> for PresenceCache {
    fn extend<I: IntoIterator<Item = Presence>>(&mut self, values: I) {
        for value in values {
            let held = self.0.get(&value.user_id);
            if held.is_none_or(|held| held.revision <= value.revision) {
                self.0.insert(value.user_id, value);
            }
        }
    }
}

impl FromIterator<Presence> for PresenceCache {
    fn from_iter<I: IntoIterator<Item = Presence>>(values: I) -> Self {
        let mut cache = Self::default();
        cache.extend(values);
        cache
    }
}

/// Who is typing where: at most one entry for each author a held channel has heard of.
#[derive(Clone, Debug, Default)]
pub(super) struct TypingCache(BTreeMap<(ChannelId, UserId), Typing>);

#[derive(Clone, Copy, Debug)]
struct Typing {
    /// The newest thing known of the author, start or message; a start not after it is ignored.
    since: UnixMs,
    /// None when a message ended it.
    expires_at: Option<UnixMs>,
}

impl TypingCache {
    pub(super) fn started(&mut self, started: &TypingStarted) {
        let key = (started.channel_id, started.user_id);
        let held = self.0.get(&key);
        if held.is_none_or(|held| held.since < started.started_at) {
            let typing = Typing {
                since: started.started_at,
                expires_at: Some(started.expires_at),
            };
            self.0.insert(key, typing);
        }
    }

    /// A message ends what its author began to type up to then.
    pub(super) fn wrote(&mut self, channel: ChannelId, author: UserId, at: UnixMs) {
        let key = (channel, author);
        let held = self.0.get(&key);
        if held.is_none_or(|held| held.since <= at) {
            let ended = Typing {
                since: at,
                expires_at: None,
            };
            self.0.insert(key, ended);
        }
    }

    pub(super) fn drop_channel(&mut self, channel: ChannelId) {
        self.0.retain(|(at, _), _| *at != channel);
    }

    pub(super) fn at(&self, channel: ChannelId, now: UnixMs) -> impl Iterator<Item = UserId> {
        let whole = (channel, UserId::MIN)..=(channel, UserId(i64::MAX));
        self.0
            .range(whole)
            .filter(move |(_, typing)| typing.expires_at.is_some_and(|end| end > now))
            .map(|((_, user), _)| *user)
    }
}
