//! What an application keeps: a snapshot, and the events after it.
//!
//! [`State::apply`] is one side of the system's central equation: the snapshot at P with the
//! user's events in (P, Q] applied is the snapshot at Q. [`State::equation`] is the part that
//! takes part in it, in a form that compares. Presence and typing are caches beside it, where the
//! newest value wins. Messages are not kept; an event about one changes counts alone.
//!
//! An event about a channel that is not held changes nothing: the event that introduces a channel
//! always comes first, so this one is about a channel that is gone. Of two copies of a workspace
//! or channel the one with the lower revision loses.

mod caches;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use antiphon_api::{
    entities::{Channel, Message, Presence, Read, User, Workspace},
    events::{Event, MessageDeleted, TypingStarted},
    ids::{ChannelId, MessageId, Pos, UnixMs, UserId, WorkspaceId},
    methods::state::SnapshotResult,
};

use caches::{PresenceCache, TypingCache};

/// What one user's client knows.
#[derive(Clone, Debug)]
pub struct State {
    pos: Pos,
    user: User,
    workspaces: BTreeMap<WorkspaceId, Workspace>,
    channels: BTreeMap<ChannelId, Channel>,
    reads: BTreeMap<ChannelId, Read>,
    people: BTreeMap<UserId, User>,
    presence: PresenceCache,
    typing: TypingCache,
}

/// The part of a state that the equation is about; all in id order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Equation {
    pub user: User,
    pub workspaces: Vec<Workspace>,
    pub channels: Vec<Channel>,
    /// By channel.
    pub reads: Vec<Read>,
}

/// What decides whether a message counts as unread.
struct Countable<'a> {
    id: MessageId,
    channel_id: ChannelId,
    author_id: UserId,
    thread_id: Option<MessageId>,
    mentions: &'a [UserId],
}

impl From<SnapshotResult> for State {
    fn from(snapshot: SnapshotResult) -> Self {
        Self {
            pos: snapshot.pos,
            user: snapshot.user,
            workspaces: by_key(snapshot.workspaces, |workspace| workspace.id),
            channels: by_key(snapshot.channels, |channel| channel.id),
            reads: by_key(snapshot.reads, |read| read.channel_id),
            people: by_key(snapshot.users, |user| user.id),
            presence: snapshot.presence.into_iter().collect(),
            typing: TypingCache::default(),
        }
    }
}

impl State {
    /// Where in the log this state is.
    #[must_use]
    pub const fn pos(&self) -> Pos {
        self.pos
    }

    /// The part that the equation is about.
    #[must_use]
    pub fn equation(&self) -> Equation {
        Equation {
            user: self.user.clone(),
            workspaces: self.workspaces.values().cloned().collect(),
            channels: self.channels.values().cloned().collect(),
            reads: self.reads.values().cloned().collect(),
        }
    }

    #[must_use]
    pub const fn user(&self) -> &User {
        &self.user
    }

    #[must_use]
    pub fn workspace(&self, id: WorkspaceId) -> Option<&Workspace> {
        self.workspaces.get(&id)
    }

    #[must_use]
    pub fn channel(&self, id: ChannelId) -> Option<&Channel> {
        self.channels.get(&id)
    }

    #[must_use]
    pub fn read(&self, id: ChannelId) -> Option<&Read> {
        self.reads.get(&id)
    }

    /// Somebody who was known when the snapshot was taken; others are fetched with `user.get`.
    #[must_use]
    pub fn person(&self, id: UserId) -> Option<&User> {
        self.people.get(&id)
    }

    #[must_use]
    pub fn presence(&self, id: UserId) -> Option<&Presence> {
        self.presence.get(id)
    }

    /// Who is typing in a channel at `now`, in id order.
    pub fn typing(&self, id: ChannelId, now: UnixMs) -> impl Iterator<Item = UserId> {
        self.typing.at(id, now)
    }

    /// Takes in the answer to `presence.list`, or a part of it.
    pub fn presence_listed(&mut self, listed: impl IntoIterator<Item = Presence>) {
        self.presence.extend(listed);
    }

    /// Applies an event; `pos` is none when it is ephemeral. One that is not above the state's
    /// own position changes nothing.
    pub fn apply(&mut self, pos: Option<Pos>, event: &Event) {
        if let Some(pos) = pos {
            if pos <= self.pos {
                return;
            }
            self.pos = pos;
        }
        self.reduce(event);
    }

    fn reduce(&mut self, event: &Event) {
        match event {
            Event::WorkspaceAdded(added) => self.keep_workspace(&added.workspace),
            Event::WorkspaceRemoved(removed) => self.drop_workspace(removed.workspace_id),
            Event::ChannelAdded(added) => self.keep_channel(&added.channel),
            Event::ChannelRemoved(removed) => self.drop_channel(removed.channel_id),
            Event::ChannelMemberJoined(joined) => self.joined(joined.channel_id, joined.user_id),
            Event::ChannelMemberLeft(left) => self.left(left.channel_id, left.user_id),
            Event::MessageCreated(created) => self.created(&created.message),
            Event::MessageDeleted(deleted) => self.deleted(deleted),
            Event::ReadUpdated(updated) => self.keep_read(&updated.read),
            Event::TypingStarted(started) => self.started_typing(started),
            Event::PresenceChanged(changed) => self.presence.extend([changed.0.clone()]),
            Event::MessageUpdated(_)
            | Event::WorkspaceMemberJoined(_)
            | Event::WorkspaceMemberLeft(_)
            | Event::CanvasCreated(_)
            | Event::CanvasUpdated(_)
            | Event::CanvasDeleted(_)
            | Event::CanvasRestored(_)
            | Event::TokenIssued(_)
            | Event::TokenRevoked(_) => {}
        }
    }

    fn keep_workspace(&mut self, workspace: &Workspace) {
        let held = self.workspaces.get(&workspace.id);
        if held.is_none_or(|held| held.revision <= workspace.revision) {
            self.workspaces.insert(workspace.id, workspace.clone());
        }
    }

    fn drop_workspace(&mut self, id: WorkspaceId) {
        self.workspaces.remove(&id);
        let channels: Vec<ChannelId> = self
            .channels
            .values()
            .filter(|channel| channel.workspace_id == id)
            .map(|channel| channel.id)
            .collect();
        for channel in channels {
            self.drop_channel(channel);
        }
    }

    fn keep_channel(&mut self, channel: &Channel) {
        let held = self.channels.get(&channel.id);
        if held.is_none_or(|held| held.revision <= channel.revision) {
            self.channels.insert(channel.id, channel.clone());
        }
    }

    fn drop_channel(&mut self, id: ChannelId) {
        self.channels.remove(&id);
        self.reads.remove(&id);
        self.typing.drop_channel(id);
    }

    fn joined(&mut self, channel: ChannelId, user: UserId) {
        if let Some(members) = self.members_of_dm(channel)
            && let Err(place) = members.binary_search(&user)
        {
            members.insert(place, user);
        }
    }

    fn left(&mut self, channel: ChannelId, user: UserId) {
        if let Some(members) = self.members_of_dm(channel) {
            members.retain(|member| *member != user);
        }
    }

    fn members_of_dm(&mut self, channel: ChannelId) -> Option<&mut Vec<UserId>> {
        self.channels.get_mut(&channel)?.member_ids.as_mut()
    }

    fn keep_read(&mut self, read: &Read) {
        if self.channels.contains_key(&read.channel_id) {
            self.reads.insert(read.channel_id, read.clone());
        }
    }

    fn created(&mut self, message: &Message) {
        if self.channels.contains_key(&message.channel_id) {
            self.typing
                .wrote(message.channel_id, message.author_id, message.created_at);
        }
        let countable = Countable {
            id: message.id,
            channel_id: message.channel_id,
            author_id: message.author_id,
            thread_id: message.thread_id,
            mentions: &message.mentions,
        };
        self.count(&countable, |n| n.saturating_add(1));
    }

    fn deleted(&mut self, deleted: &MessageDeleted) {
        let countable = Countable {
            id: deleted.message_id,
            channel_id: deleted.channel_id,
            author_id: deleted.author_id,
            thread_id: deleted.thread_id,
            mentions: &deleted.mentions,
        };
        self.count(&countable, |n| n.saturating_sub(1));
    }

    /// Moves the counts of a message's channel, if the message is one that counts.
    fn count(&mut self, message: &Countable<'_>, step: fn(u32) -> u32) {
        let me = self.user.id;
        let Some(read) = self.reads.get_mut(&message.channel_id) else {
            return;
        };
        let is_unread = Some(message.id) > read.last_read_id;
        if !is_unread || message.author_id == me || message.thread_id.is_some() {
            return;
        }
        read.unread = step(read.unread);
        if message.mentions.contains(&me) {
            read.mentions = step(read.mentions);
        }
    }

    fn started_typing(&mut self, started: &TypingStarted) {
        if self.channels.contains_key(&started.channel_id) {
            self.typing.started(started);
        }
    }
}

fn by_key<K: Ord, V>(values: Vec<V>, key: impl Fn(&V) -> K) -> BTreeMap<K, V> {
    values
        .into_iter()
        .map(|value| (key(&value), value))
        .collect()
}
