use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    entities::{Preferences, User},
    ids::{Pos, UserId, WorkspaceId},
    method,
    method::NoParams,
};

/// The longest `external_id`, in characters.
pub const MAX_EXTERNAL_ID_CHARS: usize = 128;
/// The most a user's preferences take as JSON, in bytes.
pub const MAX_PREFERENCES_BYTES: usize = 16 << 10;
/// The most objects and arrays within each other in a user's preferences.
pub const MAX_PREFERENCES_DEPTH: usize = 32;

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
    "user.get" Query Get(UserParams) -> UserResult, [NotFound],
    example {"user_id": 2}
}

method! {
    /// The people of a workspace the caller is in, in id order.
    "user.list" Query List(ListParams) -> ListResult, [NotFound],
    example {"workspace_id": 1}
}

method! {
    /// Changes names: the caller's own, or as an administrator anybody's.
    "user.update" Mutation Update(UpdateParams) -> UserResult, [NotFound, Forbidden, Conflict],
    example {"display_name": "Ada Lovelace"}
}

method! {
    /// Signs somebody out for good; what they wrote and where they are members stays.
    "user.deactivate" Mutation Deactivate(UserParams) -> UserResult, [NotFound, Forbidden, Conflict],
    example {"user_id": 3}
}

method! {
    /// The user with an external id, made or brought up to date.
    "user.provision" Mutation Provision(ProvisionParams) -> ProvisionResult, [Forbidden, Conflict],
    example {"external_id": "crm-81", "display_name": "Dora"}
}

method! {
    /// The user a token names by an external id; an unknown one is made if the server is to.
    internal "user.resolve" Mutation Resolve(ResolveParams) -> ResolveResult, [NotFound],
    example {"external_id": "crm-81"}
}

method! {
    /// What the caller's applications remember.
    "user.get_preferences" Query GetPreferences(NoParams) -> PreferencesResult, [],
    example {}
}

method! {
    /// Merges values into the caller's preferences as RFC 7396 says: null removes.
    "user.set_preferences" Mutation SetPreferences(SetPreferencesParams) -> PreferencesResult, [TooLarge],
    example {"values": {"theme": "dark", "sidebar": {"width": 240}}}
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateParams {
    /// Unique on the instance; letters, digits, `-`, `_` and `.`, at most 80.
    pub name: String,
    /// Defaults to `name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// What an application calls the person, unique on the instance, 1 to 128 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserParams {
    pub user_id: UserId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserResult {
    pub user: User,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListParams {
    pub workspace_id: WorkspaceId,
    /// The people with higher ids than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_id: Option<UserId>,
    /// 1 to 200, 50 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "UserList")]
pub struct ListResult {
    /// In id order.
    pub users: Vec<User>,
    /// Whether more follow.
    pub has_more: bool,
    /// Where in the log this was read.
    pub pos: Pos,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateParams {
    /// The caller unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// Unique on the instance; letters, digits, `-`, `_` and `.`, at most 80.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// 1 to 80 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProvisionParams {
    /// 1 to 128 characters.
    pub external_id: String,
    /// As of user.create. Of a new user it is made from `external_id` unless given, and free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// 1 to 80 characters. Of a new user it is the name unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "UserProvisionResult")]
pub struct ProvisionResult {
    pub user: User,
    /// Whether this made them; else they were there, and brought up to date.
    pub created: bool,
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

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPreferencesParams {
    /// The whole stays an object of at most 16 KiB and 32 levels.
    pub values: Map<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "UserPreferencesResult")]
pub struct PreferencesResult {
    pub preferences: Preferences,
}
