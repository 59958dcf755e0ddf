use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{ChannelId, UnixMs, UserId};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TypingStarted {
    pub channel_id: ChannelId,
    pub user_id: UserId,
    pub started_at: UnixMs,
    /// When to stop showing it unless renewed.
    pub expires_at: UnixMs,
}
