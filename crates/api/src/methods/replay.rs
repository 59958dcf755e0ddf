use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::value::RawValue;

use crate::{
    ids::{Pos, UserId},
    method,
    resume::ResyncReason,
};

/// The most events in one page.
pub const PAGE_EVENTS: usize = 500;
/// The most bytes of events in one page, unless its first event alone is larger.
pub const PAGE_BYTES: usize = 1 << 20;
/// A replay of more events than this is refused with `too_far`.
pub const MAX_REPLAY_EVENTS: usize = 20_000;

method! {
    /// One page of the log events a user was entitled to in (after, through].
    "events.replay" Internal Replay(ReplayParams) -> ReplayResult, []
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

/// Refused, or a page.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
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

/// By hand: a derived tagged enum buffers what it reads, and raw JSON cannot be taken from there.
impl<'de> Deserialize<'de> for ReplayResult {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = Fields::deserialize(deserializer)?;
        match fields {
            Fields {
                outcome: Outcome::Refused,
                reason: Some(reason),
                ..
            } => Ok(Self::Refused { reason }),
            Fields {
                outcome: Outcome::Page,
                events: Some(events),
                more: Some(more),
                ..
            } => Ok(Self::Page { events, more }),
            Fields { .. } => Err(de::Error::custom("an outcome without its fields")),
        }
    }
}

#[derive(Deserialize)]
struct Fields {
    outcome: Outcome,
    reason: Option<ResyncReason>,
    events: Option<Vec<ReplayedEvent>>,
    more: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Refused,
    Page,
}

#[cfg(test)]
mod tests {
    use super::ReplayResult;

    #[test]
    fn both_outcomes_read_back_as_they_were_written() {
        for text in [
            r#"{"outcome":"refused","reason":"too_far"}"#,
            r#"{"outcome":"page","events":[{"pos":7,"event":{"type":"a.b","data": {}}}],"more":true}"#,
            r#"{"outcome":"page","events":[],"more":false}"#,
        ] {
            let result: ReplayResult = serde_json::from_str(text).expect("decodes");
            assert_eq!(serde_json::to_string(&result).expect("encodes"), text);
        }
        assert!(serde_json::from_str::<ReplayResult>(r#"{"outcome":"page"}"#).is_err());
    }
}
