use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    entities::{Token, TokenKind},
    ids::{Pos, UnixMs, UserId},
    method,
    method::Done,
};

/// The shortest and the longest life of a token that is issued here, in milliseconds: a second and
/// ten years.
pub const MIN_TTL_MS: i64 = 1_000;
pub const MAX_TTL_MS: i64 = 3_650 * 86_400_000;
/// The longest `scope`, in characters.
pub const MAX_SCOPE_CHARS: usize = 250;
/// The most tokens of one user that have not ended; a further one is refused.
pub const MAX_TOKENS: usize = 1_000;

method! {
    /// Signs a token for a user. Only an administrator of the instance may.
    "token.issue" Mutation Issue(IssueParams) -> IssueResult, [Forbidden, NotFound, Conflict],
    example {"user_id": 2, "ttl_ms": 3600000}
}

method! {
    /// A user's tokens that were issued by token.issue and have not ended, the newest first.
    "token.list" Query List(ListParams) -> ListResult, [Forbidden],
    example {"user_id": 2}
}

method! {
    /// Ends a token, or all that a user has so far; what is open with them is closed 4014.
    "token.revoke" Mutation Revoke(RevokeParams) -> Done, [Forbidden, NotFound, Conflict],
    example {"user_id": 2}
}

/// Either `user_id` or `external_id`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueParams {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// What an application calls the user; an unknown one is made if the server is to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// How long it is good for: a second to ten years, ended at a whole second.
    pub ttl_ms: i64,
    /// What it is limited to, at most 250 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// `user` unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<TokenKind>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "IssuedToken")]
pub struct IssueResult {
    /// The signed token. It is told this once and never again.
    pub token: String,
    /// Its name, by which token.revoke ends it.
    pub jti: String,
    /// When it ends by itself.
    pub expires_at: UnixMs,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListParams {
    /// The caller unless given; only an administrator of the instance may ask for another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TokenList")]
pub struct ListResult {
    /// At most 1,000.
    pub tokens: Vec<Token>,
    /// Where in the log this was read.
    pub pos: Pos,
}

/// `jti` alone for a token that token.list shows, or the caller's own; `user_id` alone for every
/// token the user has so far; both for a token that was issued elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeParams {
    /// The token of that name alone; with only `user_id`, all the user has so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// Only an administrator of the instance may name another than the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
}
