//! The entities that methods answer with and events carry, always whole and current.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ids::{CanvasId, ChannelId, HuddleId, MessageId, Revision, UnixMs, UserId, WorkspaceId};

/// A person, as others see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct User {
    pub id: UserId,
    /// Unique, for `@name`.
    pub name: String,
    pub display_name: String,
    /// What an application calls the person; unique.
    pub external_id: Option<String>,
    pub created_at: UnixMs,
    /// Since when the person can no longer sign in.
    pub deactivated_at: Option<UnixMs>,
    pub revision: Revision,
}

/// What an application remembers for a user across their tabs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Preferences {
    /// What they are is up to the applications.
    pub values: Map<String, Value>,
    pub revision: Revision,
}

/// A group of people and the channels they share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Workspace {
    pub id: WorkspaceId,
    pub name: String,
    pub owner_id: UserId,
    pub permissions: RolePermissions,
    pub revision: Revision,
}

/// What each role may do in a workspace, in the order of the catalogue; the owner may do everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RolePermissions {
    pub admin: Vec<Permission>,
    pub member: Vec<Permission>,
    pub guest: Vec<Permission>,
}

/// What a user is in a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OwnRole {
    pub workspace_id: WorkspaceId,
    /// The caller's own.
    pub role: Role,
}

/// What a member of a workspace is there; what they may do follows from its permissions.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The one who may do everything.
    Owner,
    Admin,
    Member,
    /// Sees the channels they were added to, and no others.
    Guest,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Owner, Self::Admin, Self::Member, Self::Guest];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Member => "member",
            Self::Guest => "guest",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// What the role may do in a workspace that has not decided otherwise.
    #[must_use]
    pub fn usual_permissions(self) -> Vec<Permission> {
        Permission::ALL
            .iter()
            .copied()
            .filter(|permission| self <= permission.usually_down_to())
            .collect()
    }
}

macro_rules! permissions {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:literal to $role:ident;)*) => {
        /// What a role may be allowed to do in a workspace, as `resource:action`.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
            JsonSchema,
        )]
        pub enum Permission { $($(#[doc = $doc])* #[serde(rename = $name)] $variant,)* }

        impl Permission {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|permission| permission.as_str() == name)
            }

            /// The lowest role that has it unless the workspace decides otherwise.
            #[must_use]
            pub const fn usually_down_to(self) -> Role {
                match self { $(Self::$variant => Role::$role,)* }
            }
        }
    };
}

permissions! {
    /// Rename the workspace.
    WorkspaceUpdate = "workspace:update" to Admin;
    /// Delete the workspace.
    WorkspaceDelete = "workspace:delete" to Owner;
    /// Say what roles may do.
    WorkspaceSetPermissions = "workspace:set_permissions" to Owner;
    /// Add people to the workspace.
    WorkspaceAddMember = "workspace:add_member" to Admin;
    /// Remove people from the workspace.
    WorkspaceRemoveMember = "workspace:remove_member" to Admin;
    /// Change the role of others.
    WorkspaceSetRole = "workspace:set_role" to Admin;
    /// Create public and private channels.
    ChannelCreate = "channel:create" to Member;
    /// Open a dm; whoever is in the workspace may be drawn into it.
    DmCreate = "dm:create" to Member;
    /// See the public channels and join them.
    ChannelJoin = "channel:join" to Member;
    /// Change a channel's name and topic.
    ChannelUpdate = "channel:update" to Member;
    /// Archive a channel, and bring it back.
    ChannelArchive = "channel:archive" to Admin;
    /// Delete a channel with everything in it.
    ChannelDelete = "channel:delete" to Admin;
    /// Add others to a channel one is in.
    ChannelAddMember = "channel:add_member" to Member;
    /// Remove others from a channel.
    ChannelRemoveMember = "channel:remove_member" to Admin;
    /// Write in a channel one is in.
    MessageSend = "message:send" to Guest;
    /// Put reactions on messages.
    MessageReact = "message:react" to Guest;
    /// Pin and unpin messages.
    MessagePin = "message:pin" to Member;
    /// Delete what others wrote.
    MessageDelete = "message:delete" to Admin;
    /// Mention everybody at once, with `@channel` and `@here`.
    MessageMentionAll = "message:mention_all" to Member;
    /// Start a huddle; whoever is in the channel may join it.
    HuddleStart = "huddle:start" to Member;
    /// End a huddle for everybody.
    HuddleEnd = "huddle:end" to Admin;
    /// Create, change, delete and restore canvases.
    CanvasWrite = "canvas:write" to Member;
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
    /// Since when nobody is in it; such a channel is only listed.
    pub archived_at: Option<UnixMs>,
    pub revision: Revision,
}

/// Which messages of a channel a user wants to be told of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotifyLevel {
    #[default]
    All,
    Mentions,
    None,
}

impl NotifyLevel {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Mentions => "mentions",
            Self::None => "none",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::All, Self::Mentions, Self::None]
            .into_iter()
            .find(|level| level.as_str() == text)
    }
}

/// How a user wants to hear of a channel they are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Notify {
    pub channel_id: ChannelId,
    /// Whether the channel is kept quiet, unread or not.
    pub muted: bool,
    pub notify: NotifyLevel,
}

impl Notify {
    /// How a membership begins: not muted, told of everything.
    #[must_use]
    pub const fn usual(channel_id: ChannelId) -> Self {
        Self {
            channel_id,
            muted: false,
            notify: NotifyLevel::All,
        }
    }
}

/// Something said in a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Message {
    pub id: MessageId,
    pub channel_id: ChannelId,
    pub author_id: UserId,
    pub body: String,
    /// The message this one replies to: the root of its thread. A reply has no replies.
    pub thread_id: Option<MessageId>,
    pub created_at: UnixMs,
    /// When its body was last changed; null unless it was.
    pub edited_at: Option<UnixMs>,
    /// Rises with every change: an edit, a reaction, a pin, a reply.
    pub revision: Revision,
    /// In the order in which the emoji were first put there.
    pub reactions: Vec<Reaction>,
    /// Whom the body named when it was sent, by name or with `@here`: in rising order, without the
    /// author, at most 256.
    pub mentions: Vec<UserId>,
    /// Whether it was sent to everybody in the channel, with `@channel`.
    pub mentions_everyone: bool,
    /// How many replies it has.
    pub reply_count: u32,
    /// The newest of them, and when it was sent; null without one.
    pub last_reply_id: Option<MessageId>,
    pub last_reply_at: Option<UnixMs>,
    /// Since when it is pinned, and who did that; null unless it is.
    pub pinned_at: Option<UnixMs>,
    pub pinned_by: Option<UserId>,
}

/// An emoji on a message, and who put it there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reaction {
    pub emoji: String,
    /// In the order in which they put it there.
    pub user_ids: Vec<UserId>,
}

/// A thread that a user follows, and how far they have read in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Thread {
    /// The message at its root.
    pub thread_id: MessageId,
    pub channel_id: ChannelId,
    /// Null before anything was read.
    pub last_read_id: Option<MessageId>,
    /// Replies above `last_read_id` that are not the user's own and not deleted.
    pub unread: u32,
    /// Those of `unread` that mention the user, by name or with everybody.
    pub mentions: u32,
}

/// How far a user has read in a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Read {
    pub channel_id: ChannelId,
    /// Null before anything was read.
    pub last_read_id: Option<MessageId>,
    /// Messages above `last_read_id` that are not the user's own, not replies and not deleted.
    pub unread: u32,
    /// Those of `unread` that mention the user, by name or with everybody.
    pub mentions: u32,
}

/// Whether somebody is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PresenceState {
    /// At least one visible tab.
    Online,
    /// Tabs, all of them hidden; or the user says so.
    Away,
    /// The user does not want to be disturbed.
    Dnd,
    /// Connected and shown to others as offline; only the user sees this state.
    Invisible,
    Offline,
}

/// Whether somebody is there, and what they say of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Presence {
    pub user_id: UserId,
    pub state: PresenceState,
    /// Empty unless the user says something of it.
    pub status_text: String,
    pub emoji: Option<String>,
    /// When `state` began.
    pub since: UnixMs,
    /// Of two values for one user the higher is the newer.
    pub revision: Revision,
}

/// People who talk in a channel; it begins with the first of them and ends with the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Huddle {
    pub id: HuddleId,
    pub channel_id: ChannelId,
    pub started_by: UserId,
    pub started_at: UnixMs,
    /// In the order in which they joined; at most 50.
    pub participants: Vec<Participant>,
    pub revision: Revision,
}

/// Somebody in a huddle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Participant {
    pub user_id: UserId,
    pub joined_at: UnixMs,
    /// Cannot be heard.
    pub muted: bool,
    /// Shows their screen.
    pub screen: bool,
    /// Has a hand up.
    pub hand: bool,
}

/// What kind of principal a token speaks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    #[default]
    User,
    Widget,
    Overlay,
}

impl TokenKind {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Widget => "widget",
            Self::Overlay => "overlay",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::User, Self::Widget, Self::Overlay]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// A token as it is known after it was issued: not the secret itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Token {
    /// Its name, unique.
    pub jti: String,
    pub user_id: UserId,
    pub kind: TokenKind,
    /// What it is limited to; null for all that its kind may do.
    pub scope: Option<String>,
    pub issued_at: UnixMs,
    pub expires_at: UnixMs,
    /// When it was revoked; null unless it was.
    pub revoked_at: Option<UnixMs>,
}

/// A document of a channel, which its members edit together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Canvas {
    pub id: CanvasId,
    pub channel_id: ChannelId,
    pub title: String,
    /// What the application makes of it.
    pub content: Map<String, Value>,
    pub created_by: UserId,
    pub created_at: UnixMs,
    /// Who last changed title or content, and when.
    pub updated_by: UserId,
    pub updated_at: UnixMs,
    /// Null unless it is deleted.
    pub deleted_at: Option<UnixMs>,
    pub revision: Revision,
}

/// A canvas without its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CanvasSummary {
    pub id: CanvasId,
    pub channel_id: ChannelId,
    pub title: String,
    pub created_by: UserId,
    pub created_at: UnixMs,
    /// Who last changed title or content, and when.
    pub updated_by: UserId,
    pub updated_at: UnixMs,
    /// Null unless it is deleted.
    pub deleted_at: Option<UnixMs>,
    pub revision: Revision,
}

/// What a canvas was from one change of it to the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CanvasRevision {
    pub revision: Revision,
    pub title: String,
    pub content: Map<String, Value>,
    pub updated_by: UserId,
    pub updated_at: UnixMs,
}
