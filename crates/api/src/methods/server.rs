use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ids::Pos, method, method::NoParams};

method! {
    /// Whether the server works, and how far its log reaches.
    "server.health" Query Health(NoParams) -> HealthResult, [],
    example {}
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ServerHealthResult")]
pub struct HealthResult {
    /// `ok`.
    pub status: String,
    /// Of the server.
    pub version: String,
    /// The newest position of the log.
    pub head: Pos,
    /// The oldest position a client can resume from.
    pub oldest: Pos,
}
