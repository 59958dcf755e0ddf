use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{entities::User, ids::UserId, method, method::NoParams};

/// The longest `name` and `display_name` of anything, in characters.
pub const MAX_NAME_CHARS: usize = 80;

method! {
    /// Creates a user; the first one ever created administers the instance.
    "user.create" Mutation Create(CreateParams) -> UserResult, [Forbidden, Conflict],
    example {"name": "dora", "display_name": "Dora"}
}

method! {
    /// The calling user.
    "user.me" Query Me(NoParams) -> UserResult, [],
    example {}
}

method! {
    /// A user the caller shares a workspace with, or whose messages the caller can read.
    "user.get" Query Get(GetParams) -> UserResult, [NotFound],
    example {"user_id": 2}
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateParams {
    /// Unique on the instance; letters, digits, `-`, `_` and `.`, at most 80.
    pub name: String,
    /// Defaults to `name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetParams {
    pub user_id: UserId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserResult {
    pub user: User,
}
