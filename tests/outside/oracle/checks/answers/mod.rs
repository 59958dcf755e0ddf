//! What queries answer, against what the tables and the caller's snapshot say.
//!
//! For each query a function makes the whole of what the caller is to see, read naively; a list is
//! then cut to the page that was asked for. What the caller may not see is refused.

mod canvases;
mod channels;
mod messages;
mod page;
mod people;
mod records;
mod search;
mod state;

use std::collections::BTreeMap;

use antiphon_api::ErrorCode;
use rusqlite::{Connection, Params};
use serde_json::Value;

use crate::oracle::stage::Outcome;
use page::List;

/// What is known at the position of an answer.
pub(in crate::oracle) struct Asked<'a> {
    pub(in crate::oracle) database: &'a Connection,
    /// All there are, as [`super::documents`] reads them.
    pub(in crate::oracle) messages: &'a BTreeMap<i64, Value>,
    /// The caller's.
    pub(in crate::oracle) snapshot: &'a Value,
    pub(in crate::oracle) caller: i64,
    pub(in crate::oracle) params: &'a Value,
}

enum Answer<'a> {
    /// Everything but `pos`.
    Is(Value),
    List(List<'a>),
}

type Expected<'a> = Result<Answer<'a>, ErrorCode>;

struct Query {
    method: &'static str,
    expected: for<'a> fn(&Asked<'a>) -> Expected<'a>,
}

const QUERIES: &[&[Query]] = &[
    state::QUERIES,
    people::QUERIES,
    channels::QUERIES,
    messages::QUERIES,
    search::QUERIES,
    canvases::QUERIES,
    records::QUERIES,
];

/// What a call may come to without a look at its content: its params were bad, or it was made at a
/// bad time.
const EXCUSES: &[ErrorCode] = &[
    ErrorCode::InvalidParams,
    ErrorCode::RateLimited,
    ErrorCode::Unavailable,
];

/// Whether this is a query whose answers are looked at when `caller` makes it; 0 is the operator.
pub(in crate::oracle) fn are_held(method: &str, caller: i64) -> bool {
    of(method).is_some() && caller > 0
}

/// Whether the params were no good, which is no excuse for who chose them with care.
pub(in crate::oracle) fn is_misasked(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Refused(error) if error.code == ErrorCode::InvalidParams.code())
}

fn of(method: &str) -> Option<&'static Query> {
    let mut queries = QUERIES.iter().copied().flatten();
    queries.find(|query| query.method == method)
}

/// An answer with the log's head as it was then. Returns what a call for the next page has besides
/// its other params, if there is one.
pub(in crate::oracle) fn check(
    method: &str,
    asked: &Asked<'_>,
    outcome: &Outcome,
    head: i64,
) -> Option<(&'static str, Value)> {
    let told = || format!("{method} {} by user {}", asked.params, asked.caller);
    let result = match outcome {
        Outcome::Done(result) => Ok(result),
        Outcome::Refused(error) => Err(error.code),
        Outcome::Unknown => return None,
    };
    let is_excuse = |code: &i32| EXCUSES.iter().any(|excuse| excuse.code() == *code);
    if result.as_ref().is_err_and(is_excuse) {
        return None;
    }
    let expected = of(method).map(|query| (query.expected)(asked))?;
    match (expected, result) {
        (Ok(answer), Ok(result)) => {
            let pos = result.get("pos");
            assert!(pos.is_none_or(|pos| *pos == head), "{}: {pos:?}", told());
            answer.check(result, asked.params, &told)
        }
        (Ok(_), Err(code)) => panic!("{} is refused: {code}", told()),
        (Err(code), result) => {
            assert_eq!(result.err(), Some(code.code()), "{}", told());
            None
        }
    }
}

impl Answer<'_> {
    fn check(
        &self,
        result: &Value,
        params: &Value,
        told: &dyn Fn() -> String,
    ) -> Option<(&'static str, Value)> {
        match self {
            Self::Is(expected) => {
                let mut result = result.clone();
                result.as_object_mut().map(|fields| fields.remove("pos"));
                assert_eq!(&result, expected, "{}", told());
                None
            }
            Self::List(list) => list.check(result, params, told),
        }
    }
}

impl<'a> Asked<'a> {
    /// One of the params, if it is a number.
    fn id(&self, name: &str) -> Option<i64> {
        self.params[name].as_i64()
    }

    /// The entry of a list in the snapshot whose `field` is `id`.
    fn held(&self, list: &str, field: &str, id: Option<i64>) -> Option<&'a Value> {
        let mut entries = self.snapshot[list].as_array().into_iter().flatten();
        entries.find(|entry| id.is_some() && entry[field].as_i64() == id)
    }

    /// The workspace that the params name, if the caller is in it.
    fn workspace(&self) -> Result<&'a Value, ErrorCode> {
        self.held("workspaces", "id", self.id("workspace_id"))
            .ok_or(ErrorCode::NotFound)
    }

    /// The channel that the params name, if the caller is in it.
    fn joined(&self) -> Result<&'a Value, ErrorCode> {
        let id = self.id("channel_id");
        let absence = match self.held("channels", "id", id) {
            Some(channel) => return Ok(channel),
            None if channels::is_open(self, id) => ErrorCode::Forbidden,
            None => ErrorCode::NotFound,
        };
        Err(absence)
    }

    /// A message, if the caller is in its channel.
    fn readable(&self, id: Option<i64>) -> Result<&'a Value, ErrorCode> {
        let message = id.and_then(|id| self.messages.get(&id));
        message
            .filter(|message| self.reads(message))
            .ok_or(ErrorCode::NotFound)
    }

    /// Whether the caller is in the channel of a message or canvas.
    fn reads(&self, document: &Value) -> bool {
        let channel = document["channel_id"].as_i64();
        self.held("channels", "id", channel).is_some()
    }

    /// Rows of one column of JSON.
    fn rows(&self, statement: &str, values: impl Params) -> Vec<Value> {
        let mut statement = self.database.prepare_cached(statement).expect("is SQL");
        let rows = statement.query_map(values, |row| row.get::<_, String>(0));
        rows.expect("reads")
            .map(|row| serde_json::from_str(&row.expect("reads")).expect("is JSON"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use antiphon_api::{Kind, methods::METHODS};

    use super::of;

    /// What is held otherwise, or tells of nothing that is stored.
    const OTHERS: &[&str] = &[
        "state.snapshot",
        "events.replay",
        "server.health",
        "session.ticket",
        "session.redeem",
        "probe.ticket",
        "typing.relay",
        "huddle.renew",
        "presence.mark_connection",
    ];

    #[test]
    fn the_answers_of_every_query_are_held_against_something() {
        for method in METHODS.iter().filter(|method| method.kind == Kind::Query) {
            let is_held = of(method.name).is_some();
            let is_other = OTHERS.contains(&method.name);
            assert!(is_held != is_other, "see checks/answers: {}", method.name);
        }
    }
}
