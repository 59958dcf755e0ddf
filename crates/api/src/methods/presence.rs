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
/// The longest status emoji, in characters.
pub const MAX_EMOJI_CHARS: usize = 32;
/// The most `user_ids` in one call, and the most people in an answer.
pub const MAX_LIST_USERS: usize = 1_000;

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
