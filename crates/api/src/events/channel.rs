use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RemovalReason;
use crate::{
    entities::{Channel, Notify},
    ids::{ChannelId, UserId},
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChannelAdded {
    pub channel: Channel,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChannelUpdated {
    pub channel: Channel,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChannelNotifyUpdated {
    pub notify: Notify,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChannelRemoved {
    pub channel_id: ChannelId,
    pub reason: RemovalReason,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChannelMemberJoined {
    pub channel_id: ChannelId,
    pub user_id: UserId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChannelMemberLeft {
    pub channel_id: ChannelId,
    pub user_id: UserId,
    pub reason: RemovalReason,
}
