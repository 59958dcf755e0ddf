use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::entities::Presence;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct PresenceChanged(pub Presence);
