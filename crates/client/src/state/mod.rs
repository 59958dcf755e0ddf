//! What an application keeps: a snapshot, and the events after it.
//!
//! [`State::apply`] is one side of the system's central equation: the snapshot at P with the
//! user's events in (P, Q] applied is the snapshot at Q. [`State::equation`] is the part that
//! takes part in it, in a form that compares. Presence and typing are caches beside it, where the
//! newest value wins; so are people, who are forgotten when a workspace no longer joins them to the
//! user, because their new names are not heard from then on. Messages are not kept; an event about one changes
//! counts alone, and that of a deleted root ends its thread.
//!
//! An event about a channel that is not held changes nothing: the event that introduces a channel
//! always comes first, so this one is about a channel that is gone. Of two copies of a workspace
//! or channel the one with the lower revision loses.

mod caches;
mod huddles;
mod notifies;
mod people;
mod roles;
#[cfg(test)]
mod tests;
mod threads;
mod unread;

use std::collections::BTreeMap;

use antiphon_api::{
    entities::{
        Channel, Huddle, Message, Notify, OwnRole, Preferences, Presence, Read, Role, Thread, User,
        Workspace,
    },
    events::{Event, MessageDeleted, TypingStarted},
    ids::{ChannelId, MessageId, Pos, UnixMs, UserId, WorkspaceId},
    methods::state::SnapshotResult,
};

use caches::{PresenceCache, TypingCache};
use huddles::Huddles;
use notifies::Notifies;
use people::People;
use roles::Roles;
use threads::Threads;
use unread::{Countable, Counts};

/// What one user's client knows.
#[derive(Clone, Debug)]
pub struct State {
    pos: Pos,
    user: User,
    workspaces: BTreeMap<WorkspaceId, Workspace>,
    channels: BTreeMap<ChannelId, Channel>,
    reads: BTreeMap<ChannelId, Read>,
    huddles: Huddles,
    roles: Roles,
    preferences: Preferences,
    notifies: Notifies,
    threads: Threads,
    people: People,
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
    pub huddles: Vec<Huddle>,
    /// The user's own, by workspace.
    pub roles: Vec<OwnRole>,
    pub preferences: Preferences,
    /// By channel.
    pub notify: Vec<Notify>,
    pub threads: Vec<Thread>,
}

impl From<SnapshotResult> for State {
    fn from(snapshot: SnapshotResult) -> Self {
        Self {
            pos: snapshot.pos,
            user: snapshot.user,
            workspaces: by_key(snapshot.workspaces, |workspace| workspace.id),
            channels: by_key(snapshot.channels, |channel| channel.id),
            reads: by_key(snapshot.reads, |read| read.channel_id),
            huddles: snapshot.huddles.into_iter().collect(),
            roles: snapshot.roles.into_iter().collect(),
            preferences: snapshot.preferences,
            notifies: snapshot.notify.into_iter().collect(),
            threads: snapshot.threads.into_iter().collect(),
            people: snapshot.users.into_iter().collect(),
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
            huddles: self.huddles.all().cloned().collect(),
            roles: self.roles.all(),
            preferences: self.preferences.clone(),
            notify: self.notifies.all(),
            threads: self.threads.all().cloned().collect(),
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

    /// The huddle that goes on in a channel.
    #[must_use]
    pub fn huddle(&self, id: ChannelId) -> Option<&Huddle> {
        self.huddles.of(id)
    }

    /// The user's own role in a workspace.
    #[must_use]
    pub fn role(&self, id: WorkspaceId) -> Option<Role> {
        self.roles.get(id)
    }

    #[must_use]
    pub const fn preferences(&self) -> &Preferences {
        &self.preferences
    }

    /// How the user wants to hear of a channel.
    #[must_use]
    pub fn notify(&self, id: ChannelId) -> Option<&Notify> {
        self.notifies.get(id)
    }

    /// A thread the user follows, by its root.
    #[must_use]
    pub fn thread(&self, id: MessageId) -> Option<&Thread> {
        self.threads.get(id)
    }

    /// Somebody of the user's workspaces, as far as they are known; others are fetched with
    /// `user.get`.
    #[must_use]
    pub fn person(&self, id: UserId) -> Option<&User> {
        self.people.get(id)
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
            Event::UserCreated(created) => self.keep_user(&created.user),
            Event::UserUpdated(updated) => self.keep_user(&updated.user),
            Event::UserPreferencesUpdated(updated) => self.keep_preferences(&updated.preferences),
            Event::WorkspaceAdded(added) => self.keep_workspace(&added.workspace),
            Event::WorkspaceUpdated(updated) => self.update_workspace(&updated.workspace),
            Event::WorkspaceMemberJoined(joined) => {
                self.keep_role(joined.workspace_id, joined.user_id, joined.role);
                self.people.meet(&joined.user);
            }
            Event::WorkspaceMemberLeft(left) => {
                self.people.keep_only(|person| person != left.user_id);
            }
            Event::WorkspaceMemberUpdated(updated) => {
                self.keep_role(updated.workspace_id, updated.user_id, updated.role);
            }
            Event::WorkspaceRemoved(removed) => self.drop_workspace(removed.workspace_id),
            Event::ChannelAdded(added) => self.keep_channel(&added.channel),
            Event::ChannelUpdated(updated) => self.update_channel(&updated.channel),
            Event::ChannelNotifyUpdated(updated) => self.notifies.update(updated.notify),
            Event::ChannelRemoved(removed) => self.drop_channel(removed.channel_id),
            Event::ChannelMemberJoined(joined) => self.joined(joined.channel_id, joined.user_id),
            Event::ChannelMemberLeft(left) => self.left(left.channel_id, left.user_id),
            Event::MessageCreated(created) => self.created(&created.message),
            Event::MessageDeleted(deleted) => self.deleted(deleted),
            Event::ThreadUpdated(updated) => self.keep_thread(&updated.thread),
            Event::ThreadRemoved(removed) => self.threads.remove(removed.thread_id),
            Event::ReadUpdated(updated) => self.keep_read(&updated.read),
            Event::TypingStarted(started) => self.started_typing(started),
            Event::PresenceChanged(changed) => self.presence.extend([changed.0.clone()]),
            Event::HuddleStarted(started) => self.keep_huddle(&started.huddle),
            Event::HuddleUpdated(updated) => self.keep_huddle(&updated.huddle),
            Event::HuddleEnded(ended) => self.huddles.drop_huddle(ended.huddle_id),
            Event::MessageUpdated(_)
            | Event::MessageReplied(_)
            | Event::MessageReacted(_)
            | Event::MessagePinned(_)
            | Event::MessageUnpinned(_)
            | Event::MentionCreated(_)
            | Event::CanvasCreated(_)
            | Event::CanvasUpdated(_)
            | Event::CanvasDeleted(_)
            | Event::CanvasRestored(_)
            | Event::TokenIssued(_)
            | Event::TokenRevoked(_)
            | Event::ProbeSent(_) => {}
        }
    }

    fn keep_user(&mut self, user: &User) {
        if user.id == self.user.id && self.user.revision <= user.revision {
            self.user.clone_from(user);
        }
        self.people.update(user);
    }

    fn keep_preferences(&mut self, preferences: &Preferences) {
        if self.preferences.revision <= preferences.revision {
            self.preferences.clone_from(preferences);
        }
    }

    fn keep_role(&mut self, workspace: WorkspaceId, user: UserId, role: Role) {
        if user == self.user.id && self.workspaces.contains_key(&workspace) {
            self.roles.keep(workspace, role);
        }
    }

    fn keep_workspace(&mut self, workspace: &Workspace) {
        let held = self.workspaces.get(&workspace.id);
        if held.is_none_or(|held| held.revision <= workspace.revision) {
            self.workspaces.insert(workspace.id, workspace.clone());
        }
    }

    fn update_workspace(&mut self, workspace: &Workspace) {
        if self.workspaces.contains_key(&workspace.id) {
            self.keep_workspace(workspace);
        }
    }

    fn drop_workspace(&mut self, id: WorkspaceId) {
        self.workspaces.remove(&id);
        self.roles.drop_workspace(id);
        let own = self.user.id;
        self.people.keep_only(|person| person == own);
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
            self.notifies.begin(channel.id);
        }
    }

    fn update_channel(&mut self, channel: &Channel) {
        if self.channels.contains_key(&channel.id) {
            self.keep_channel(channel);
        }
    }

    fn drop_channel(&mut self, id: ChannelId) {
        self.channels.remove(&id);
        self.reads.remove(&id);
        self.notifies.end(id);
        self.threads.drop_channel(id);
        self.typing.drop_channel(id);
        self.huddles.drop_channel(id);
    }

    fn keep_huddle(&mut self, huddle: &Huddle) {
        if self.channels.contains_key(&huddle.channel_id) {
            self.huddles.keep(huddle);
        }
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
        self.count(&message.into(), |n| n.saturating_add(1));
    }

    fn deleted(&mut self, deleted: &MessageDeleted) {
        self.threads.remove(deleted.message_id);
        self.count(&deleted.into(), |n| n.saturating_sub(1));
    }

    /// Moves the counts a message belongs to: a reply's those of its thread, another's those of its
    /// channel.
    fn count(&mut self, message: &Countable<'_>, step: fn(u32) -> u32) {
        let counts = match message.thread_id {
            Some(thread) => self.threads.counts(thread),
            None => self.reads.get_mut(&message.channel_id).map(|read| Counts {
                last_read_id: read.last_read_id,
                unread: &mut read.unread,
                mentions: &mut read.mentions,
            }),
        };
        if let Some(counts) = counts {
            counts.step(message, self.user.id, step);
        }
    }

    fn keep_thread(&mut self, thread: &Thread) {
        if self.channels.contains_key(&thread.channel_id) {
            self.threads.keep(thread);
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
