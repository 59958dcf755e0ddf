use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    entities::Huddle,
    ids::{ChannelId, HuddleId},
};

/// Why a huddle ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HuddleEndReason {
    /// The last participant left.
    Left,
    /// Somebody ended it for everybody.
    Ended,
    /// Nothing more was heard of the last participant.
    Lost,
    /// The channel is gone, or the last participant is no longer in it.
    Channel,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HuddleStarted {
    pub huddle: Huddle,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HuddleUpdated {
    pub huddle: Huddle,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HuddleEnded {
    pub huddle_id: HuddleId,
    pub channel_id: ChannelId,
    pub reason: HuddleEndReason,
}
