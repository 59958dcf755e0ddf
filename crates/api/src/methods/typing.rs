use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ids::ChannelId, method, method::Done};

/// How long a `typing.started` is shown unless renewed, in milliseconds.
pub const TYPING_TTL_MS: i64 = 5_000;
/// At most one relay of a user in a channel in so many milliseconds.
pub const TYPING_INTERVAL_MS: i64 = 1_000;
/// The most members of a channel in which typing is told.
pub const MAX_TYPING_MEMBERS: usize = 200;

method! {
    /// Tells the other members of a channel, if they are not over 200, that the caller is typing; at most once a second.
    "typing.relay" Query / Signal Relay(RelayParams) -> Done, [NotFound, Forbidden, RateLimited, TooLarge],
    example {"channel_id": 1}
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RelayParams {
    pub channel_id: ChannelId,
}
