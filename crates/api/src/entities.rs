//! The entities that methods answer with and events carry, always whole and current.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{ChannelId, MessageId, Revision, UnixMs, UserId, WorkspaceId};

/// A person, as others see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct User {
    pub id: UserId,
    /// Unique, for `@name`.
    pub name: String,
    pub display_name: String,
    pub created_at: UnixMs,
    pub revision: Revision,
}

/// A group of people and the channels they share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Workspace {
    pub id: WorkspaceId,
    pub name: String,
    pub owner_id: UserId,
    pub revision: Revision,
}

/// What a member of a workspace may do there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Owner,
    Admin,
    Member,
}

impl Role {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Member => "member",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Owner, Self::Admin, Self::Member]
            .into_iter()
            .find(|role| role.as_str() == text)
    }

    /// May add and remove members, and remove what others wrote.
    #[must_use]
    pub const fn administers(self) -> bool {
        matches!(self, Self::Owner | Self::Admin)
    }
}

/// Who may see a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// Every member of the workspace sees it and may join.
    Public,
    /// Only its members see it; they add others.
    Private,
    /// A conversation of a fixed set of people.
    Dm,
}

impl ChannelKind {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Dm => "dm",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Public, Self::Private, Self::Dm]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// A place for messages, within a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Channel {
    pub id: ChannelId,
    pub workspace_id: WorkspaceId,
    pub kind: ChannelKind,
    /// Empty for a dm.
    pub name: String,
    pub topic: String,
    /// Who is in it, in rising order; present for a dm only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_ids: Option<Vec<UserId>>,
    pub revision: Revision,
}

/// Something said in a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Message {
    pub id: MessageId,
    pub channel_id: ChannelId,
    pub author_id: UserId,
    pub body: String,
    /// The message this one replies to; always null until threads exist.
    pub thread_id: Option<MessageId>,
    pub created_at: UnixMs,
    pub edited_at: Option<UnixMs>,
    pub revision: Revision,
    /// Always empty until reactions exist.
    pub reactions: Vec<Reaction>,
    /// The users the body mentions; always empty until mentions exist.
    pub mentions: Vec<UserId>,
}

/// An emoji on a message, and who put it there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reaction {
    pub emoji: String,
    pub user_ids: Vec<UserId>,
}

/// How far a user has read in a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Read {
    pub channel_id: ChannelId,
    /// Null before anything was read.
    pub last_read_id: Option<MessageId>,
    /// Messages above `last_read_id` that are not the user's own, not replies and not deleted.
    pub unread: u32,
    /// Those of `unread` that mention the user.
    pub mentions: u32,
}

/// Whether somebody is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PresenceState {
    /// At least one visible tab.
    Online,
    /// Tabs, all of them hidden.
    Away,
    Offline,
}

/// Whether somebody is there, and what they say of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Presence {
    pub user_id: UserId,
    pub state: PresenceState,
    pub status_text: String,
    pub emoji: Option<String>,
    /// When `state` began.
    pub since: UnixMs,
    /// Of two values for one user the higher is the newer.
    pub revision: Revision,
}
