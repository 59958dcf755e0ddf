//! What happened, as typed facts in the past tense.
//!
//! On the wire an event is `{"ts":…,"type":"message.created","data":{…}}`. [`EVENTS`] is the
//! catalogue: every event, whether it is kept in the log, and who hears it.

mod canvas;
mod channel;
mod huddle;
mod mention;
mod message;
mod presence;
mod probe;
mod read;
mod thread;
mod token;
mod typing;
mod user;
mod workspace;

pub use canvas::*;
pub use channel::*;
pub use huddle::*;
pub use mention::*;
pub use message::*;
pub use presence::*;
pub use probe::*;
pub use read::*;
pub use thread::*;
pub use token::*;
pub use typing::*;
pub use user::*;
pub use workspace::*;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use crate::ids::UnixMs;

/// Whether an event outlives its delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// In the log: numbered, replayed.
    Log,
    /// Ephemeral: sent to who is there.
    None,
}

/// The `data` of one event type.
pub trait Fact: Serialize + JsonSchema {
    /// `family.past_tense`.
    const TYPE: &'static str;
    const KEEP: Keep;
}

/// An event as it is stored and sent, before a gateway numbers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamped<E> {
    pub ts: UnixMs,
    #[serde(flatten)]
    pub event: E,
}

/// An event type as data.
#[derive(Clone, Copy)]
pub struct EventInfo {
    pub name: &'static str,
    pub keep: Keep,
    /// Who hears it, in words.
    pub audience: &'static str,
    pub summary: &'static str,
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

macro_rules! catalogue {
    ($($(#[doc = $doc:literal])* $name:literal $keep:ident $type:ident to $audience:literal;)*) => {
        /// Any event; an unknown `type` does not decode.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "type", content = "data")]
        pub enum Event {
            $($(#[doc = $doc])* #[serde(rename = $name)] $type($type),)*
        }

        $(impl Fact for $type {
            const TYPE: &'static str = $name;
            const KEEP: Keep = Keep::$keep;
        }

        impl From<$type> for Event {
            fn from(fact: $type) -> Self {
                Self::$type(fact)
            }
        })*

        impl Event {
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$type(_) => $name,)* }
            }

            #[must_use]
            pub const fn keep(&self) -> Keep {
                match self { $(Self::$type(_) => Keep::$keep,)* }
            }
        }

        /// The event catalogue.
        pub const EVENTS: &[EventInfo] = &[$(EventInfo {
            name: $name,
            keep: Keep::$keep,
            audience: $audience,
            summary: concat!($($doc),*),
            schema: SchemaGenerator::subschema_for::<$type>,
        },)*];
    };
}

catalogue! {
    /// The user came to be.
    "user.created" Log UserCreated to "the user";
    /// A user's name changed, or they were deactivated.
    "user.updated" Log UserUpdated to "the user's workspaces and the user";
    /// The user's preferences changed.
    "user.preferences_updated" Log UserPreferencesUpdated to "the user";
    /// A workspace appeared for the user.
    "workspace.added" Log WorkspaceAdded to "the user";
    /// A workspace's name, owner or permissions changed.
    "workspace.updated" Log WorkspaceUpdated to "workspace members";
    /// A workspace is gone for the user, and with it every channel in it.
    "workspace.removed" Log WorkspaceRemoved to "the user, or its members when it is deleted";
    /// Somebody became a member of a workspace.
    "workspace.member_joined" Log WorkspaceMemberJoined to "workspace members";
    /// Somebody's role in a workspace changed.
    "workspace.member_updated" Log WorkspaceMemberUpdated to "workspace members";
    /// Somebody ceased to be a member of a workspace.
    "workspace.member_left" Log WorkspaceMemberLeft to "workspace members";
    /// A channel appeared for the user.
    "channel.added" Log ChannelAdded to "the users who now have it";
    /// A channel's name or topic changed.
    "channel.updated" Log ChannelUpdated to "channel members";
    /// A channel is gone for the user.
    "channel.removed" Log ChannelRemoved to "the user it is gone for, or its members when it is archived or deleted";
    /// The user wants to hear of a channel otherwise.
    "channel.notify_updated" Log ChannelNotifyUpdated to "the user";
    /// Somebody became a member of a channel.
    "channel.member_joined" Log ChannelMemberJoined to "channel members";
    /// Somebody ceased to be a member of a channel.
    "channel.member_left" Log ChannelMemberLeft to "channel members";
    /// A message was sent.
    "message.created" Log MessageCreated to "channel members";
    /// A message was edited.
    "message.updated" Log MessageUpdated to "channel members";
    /// A message was deleted, and with a root its replies.
    "message.deleted" Log MessageDeleted to "channel members";
    /// A reply to a message came or went.
    "message.replied" Log MessageReplied to "channel members";
    /// A reaction was put on a message, or taken off it.
    "message.reacted" Log MessageReacted to "channel members";
    /// A message was pinned to its channel.
    "message.pinned" Log MessagePinned to "channel members";
    /// A message is pinned no more.
    "message.unpinned" Log MessageUnpinned to "channel members";
    /// A message mentions the user.
    "mention.created" Log MentionCreated to "the mentioned users, or channel members";
    /// The user follows a thread, or read in it.
    "thread.updated" Log ThreadUpdated to "the user";
    /// The user follows a thread no more.
    "thread.removed" Log ThreadRemoved to "the user";
    /// The user's read cursor moved or began.
    "read.updated" Log ReadUpdated to "the user";
    /// Somebody is typing; ignored if older than that author's last message.
    "typing.started" None TypingStarted to "channel members but the one who types";
    /// Somebody came, went, or set a status.
    "presence.changed" None PresenceChanged to "those who share a workspace";
    /// A huddle began, or one that goes on came into the user's sight.
    "huddle.started" Log HuddleStarted to "channel members, or one who joined the channel since";
    /// Somebody joined or left a huddle, or changed what they do in it.
    "huddle.updated" Log HuddleUpdated to "channel members";
    /// A huddle is over.
    "huddle.ended" Log HuddleEnded to "channel members";
    /// A canvas was made.
    "canvas.created" Log CanvasCreated to "channel members";
    /// A canvas's title or content changed.
    "canvas.updated" Log CanvasUpdated to "channel members";
    /// A canvas was deleted.
    "canvas.deleted" Log CanvasDeleted to "channel members";
    /// A deleted canvas came back, or a former revision of one.
    "canvas.restored" Log CanvasRestored to "channel members";
    /// A token was issued for the user.
    "token.issued" Log TokenIssued to "the user";
    /// A token of the user's was ended, or all so far.
    "token.revoked" Log TokenRevoked to "the user";
    /// Somebody tries whether events arrive.
    "probe.sent" Log ProbeSent to "the probe alone, which is no user";
}

#[cfg(test)]
mod tests {
    use super::{Event, Stamped, WorkspaceRemoved};
    use crate::{
        events::RemovalReason,
        ids::{UnixMs, WorkspaceId},
    };

    #[test]
    fn an_event_reads_back_as_it_was_written() {
        let event = Stamped {
            ts: UnixMs(5),
            event: Event::from(WorkspaceRemoved {
                workspace_id: WorkspaceId(7),
                reason: RemovalReason::Left,
            }),
        };
        let text = serde_json::to_string(&event).expect("encodes");
        assert_eq!(
            text,
            r#"{"ts":5,"type":"workspace.removed","data":{"workspace_id":7,"reason":"left"}}"#
        );
        assert_eq!(
            serde_json::from_str::<Stamped<Event>>(&text).expect("decodes"),
            event
        );
    }
}
