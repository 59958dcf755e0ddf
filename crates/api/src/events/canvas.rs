use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    entities::Canvas,
    ids::{CanvasId, ChannelId, Revision},
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CanvasCreated {
    pub canvas: Canvas,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CanvasUpdated {
    pub canvas: Canvas,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CanvasDeleted {
    pub canvas_id: CanvasId,
    pub channel_id: ChannelId,
    pub revision: Revision,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CanvasRestored {
    pub canvas: Canvas,
}
