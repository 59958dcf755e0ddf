use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::entities::Read;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReadUpdated {
    pub read: Read,
}
