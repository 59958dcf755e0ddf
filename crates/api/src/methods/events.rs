use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    ids::{Pos, UserId},
    method,
    resume::ResyncReason,
};

/// How much of the log one call looks through, in events; what is sought may come after it.
pub const MAX_SCANNED: usize = 5_000;
/// A page of the list ends once its events are over this, in bytes.
pub const MAX_PAGE_BYTES: usize = 1 << 20;
/// The most events in one page of a replay.
pub const MAX_REPLAY_PAGE_EVENTS: usize = 500;
/// The most bytes of events in one page of a replay, unless its first event alone is larger.
pub const MAX_REPLAY_PAGE_BYTES: usize = 1 << 20;
/// A replay of more events than this is refused with `too_far`.
pub const MAX_REPLAY_EVENTS: usize = 20_000;

method! {
    /// What the log holds, for administrators of the instance: everybody's events in log order.
    "events.list" Query / Heavy List(ListParams) -> ListResult, [Forbidden],
    example {"type": "message.created", "limit": 2}
}

method! {
    /// One page of the log events a user was entitled to in (after, through].
    internal "events.replay" Query Replay(ReplayParams) -> ReplayResult, [],
    example {"user_id": 1, "after": 1, "through": 9, "first": true}
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
    /// The oldest position the log has.
    pub oldest: Pos,
    /// The newest one.
    pub head: Pos,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ListedEvent {
    /// Where it is in the log.
    pub pos: Pos,
    /// The whole event: `ts`, `type`, `data`.
    pub event: Box<RawValue>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayParams {
    pub user_id: UserId,
    /// Honoured if the log has a row at exactly this position.
    pub after: Pos,
    /// Where the replay ends; must be a row of the log, too. Below `after` the page is empty.
    pub through: Pos,
    /// Whether this is a replay's first page, which decides whether it is `too_far`.
    pub first: bool,
}

/// Refused, or a page. Tagged from outside: serde reads no `RawValue` inside a tag.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplayResult {
    Refused {
        reason: ResyncReason,
    },
    Page {
        /// In log order.
        events: Vec<ReplayedEvent>,
        /// Whether more follow; ask again after the last of `events`.
        more: bool,
    },
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ReplayedEvent {
    pub pos: Pos,
    pub event: Box<RawValue>,
}

#[cfg(test)]
mod tests {
    use serde_json::value::to_raw_value;

    use super::{ReplayResult, ReplayedEvent};
    use crate::ids::Pos;

    #[test]
    fn a_page_is_read_back_as_it_was_written() {
        let event = to_raw_value(&serde_json::json!({ "ts": 1 })).expect("is JSON");
        let page = ReplayResult::Page {
            events: vec![ReplayedEvent { pos: Pos(7), event }],
            more: true,
        };
        let text = serde_json::to_string(&page).expect("encodes");
        let read = serde_json::from_str(&text).expect("decodes");
        let ReplayResult::Page { events, more: true } = read else {
            panic!("{text}");
        };
        assert_eq!(events[0].pos, Pos(7));
        assert_eq!(events[0].event.get(), r#"{"ts":1}"#);
    }
}
