use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{entities::User, ids::UserId, method, method::NoParams};

/// The longest `name` and `display_name` of anything, in characters.
pub const MAX_NAME_CHARS: usize = 80;
/// The longest `external_id`, in characters.
pub const MAX_EXTERNAL_ID_CHARS: usize = 128;

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

method! {
    /// The user a token names by an external id; an unknown one is made if the server is to.
    "user.resolve" Internal Resolve(ResolveParams) -> ResolveResult, [NotFound],
    example {"external_id": "crm-81"}
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

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveParams {
    pub external_id: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResolveResult {
    pub user_id: UserId,
}
