use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{entities::Token, ids::UserId};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenIssued {
    pub token: Token,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenRevoked {
    pub user_id: UserId,
    /// Null: every token the user had.
    pub jti: Option<String>,
}
