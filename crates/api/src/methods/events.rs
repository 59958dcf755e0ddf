use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{ids::Pos, method};

/// How much of the log one call looks through, in events; what is sought may come after it.
pub const MAX_SCANNED: usize = 5_000;
/// A page ends once its events are over this, in bytes.
pub const MAX_PAGE_BYTES: usize = 1 << 20;

method! {
    /// What the log holds, for administrators of the instance: everybody's events in log order.
    "events.list" Query / Heavy List(ListParams) -> ListResult, [Forbidden],
    example {"type": "message.created", "limit": 2}
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListParams {
    /// The events above this position; from the oldest on unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Pos>,
    /// Those of one type, as message.created; all unless given.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// 1 to 200, 50 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "EventList")]
pub struct ListResult {
    /// In log order. Those at or below `after` may be pruned: compare it with `oldest`.
    pub events: Vec<ListedEvent>,
    /// Whether there may be more above `through`; ask again with it as `after`.
    pub has_more: bool,
    /// How far the log was looked through.
    pub through: Pos,
    /// The oldest and the newest position the log has.
    pub oldest: Pos,
    pub head: Pos,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ListedEvent {
    pub pos: Pos,
    /// The whole event: `ts`, `type`, `data`.
    pub event: Box<RawValue>,
}
