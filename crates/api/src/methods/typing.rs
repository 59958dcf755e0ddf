use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ids::ChannelId, method, method::Done};

/// How long a `typing.started` is shown unless renewed, in milliseconds.
pub const TYPING_TTL_MS: i64 = 5_000;

method! {
    /// Tells the other members of a channel that the caller is typing.
    "typing.relay" Query / Signal Relay(RelayParams) -> Done, [NotFound, Forbidden],
    example {"channel_id": 1}
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RelayParams {
    pub channel_id: ChannelId,
}
