use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    entities::Presence,
    ids::{UnixMs, UserId},
    method,
    method::Done,
};

/// The longest status text, in characters.
pub const MAX_STATUS_CHARS: usize = 100;
/// The most `user_ids` in one call, and the most people in an answer.
pub const MAX_LIST_USERS: usize = 1_000;
/// The longest name of a gateway, in characters.
pub const MAX_GATEWAY_CHARS: usize = 64;
/// How long a connection that was marked counts after the last word of its gateway, in
/// milliseconds.
pub const MARK_TTL_MS: u64 = 60_000;

method! {
    /// Who is there, among those the caller shares a workspace with.
    "presence.list" Query List(ListParams) -> ListResult, [],
    example {"user_ids": [1, 2]}
}

method! {
    /// Sets the caller's status text; an empty one clears it.
    "presence.set_status_text" Mutation SetStatusText(SetStatusTextParams) -> Done, [],
    example {"text": "In the garden", "emoji": "🌱"}
}

method! {
    /// Use presence.set_status_text, of which this is an older name.
    "presence.update" Mutation Update(SetStatusTextParams) -> Done, [],
    example {"text": "In the garden", "emoji": "🌱"},
    deprecated "presence.set_status_text"
}

method! {
    /// Says how the caller wants to be seen while connected; `online` leaves it to the tabs.
    "presence.set" Mutation Set(SetParams) -> SetResult, [],
    example {"state": "dnd"}
}

method! {
    /// Tells of one connection of a user to a gateway that is not linked; it ends when that gateway has said nothing for 60 s.
    internal "presence.mark_connection" Query MarkConnection(MarkConnectionParams) -> Done, [NotFound, Conflict],
    example {"gateway": "edge-1", "user_id": 2, "tab": 1, "state": "visible"}
}

/// How a user wants to be seen while connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "PresenceClaim")]
pub enum Claim {
    /// As the tabs are.
    Online,
    Away,
    Dnd,
    /// Others see offline.
    Invisible,
}

impl Claim {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Away => "away",
            Self::Dnd => "dnd",
            Self::Invisible => "invisible",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Online, Self::Away, Self::Dnd, Self::Invisible]
            .into_iter()
            .find(|claim| claim.as_str() == text)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetParams {
    pub state: Claim,
    /// When it ends and the tabs decide again; never unless given. Not with `online`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<UnixMs>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PresenceSetResult")]
pub struct SetResult {
    /// As the caller sees it.
    pub presence: Presence,
}

/// What has become of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Connection {
    Visible,
    Hidden,
    Closed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkConnectionParams {
    /// 1 to 64 characters.
    pub gateway: String,
    pub user_id: UserId,
    /// The connection's number, the gateway's choice.
    pub tab: u64,
    pub state: Connection,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListParams {
    /// At most 1,000; everybody the caller may see unless given, of more than 1,000 those who are
    /// not offline first. Others are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_ids: Option<Vec<UserId>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetStatusTextParams {
    /// At most 100 characters.
    pub text: String,
    /// At most 32 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji: Option<String>,
    /// When the status ends; never unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<UnixMs>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PresenceList")]
pub struct ListResult {
    /// In id order.
    pub presence: Vec<Presence>,
}
