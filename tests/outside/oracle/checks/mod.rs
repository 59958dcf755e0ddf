//! What must hold, whatever was called and whatever each call answered.

pub(super) mod answers;
pub(super) mod counts;
pub(super) mod delivery;
pub(super) mod documents;
pub(super) mod equation;
pub(super) mod holdings;
pub(super) mod introduced;
pub(super) mod replay;
pub(super) mod revisions;
pub(super) mod rooms;

use std::collections::BTreeSet;

use antiphon_api::{events::Event, ids::Pos};
use serde_json::Value;

use crate::database::Database;

/// An event of the log, and who was to hear it.
pub(super) struct Told {
    pub(super) pos: Pos,
    /// By the tables of audiences and memberships.
    pub(super) to: BTreeSet<i64>,
    /// As it is stored.
    pub(super) event: Value,
    pub(super) typed: Event,
}

impl Told {
    /// What the log has above `after`.
    pub(super) fn since(after: Option<Pos>, database: &Database) -> Vec<Self> {
        let new = database
            .log
            .iter()
            .filter(|(pos, _)| Some(Pos(*pos)) > after);
        new.map(|(pos, event)| Self {
            pos: Pos(*pos),
            to: database.entitled(*pos),
            event: event.clone(),
            typed: serde_json::from_value(event.clone()).expect("is an event of the catalogue"),
        })
        .collect()
    }

    pub(super) fn kind(&self) -> &str {
        self.event["type"].as_str().unwrap_or_default()
    }

    pub(super) fn ts(&self) -> i64 {
        self.event["ts"].as_i64().unwrap_or_default()
    }

    pub(super) fn data(&self) -> &Value {
        &self.event["data"]
    }
}

/// The ids that stand under this name anywhere in an event's data.
pub(super) fn ids_named(name: &str, data: &Value) -> Vec<i64> {
    match data {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(field, value)| match value.as_i64() {
                Some(id) if field == name => vec![id],
                _ => ids_named(name, value),
            })
            .collect(),
        Value::Array(items) => items
            .iter()
            .flat_map(|item| ids_named(name, item))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// What user 1 alone is told, one after the other.
#[cfg(test)]
fn told(events: &[(&str, Value)]) -> Vec<Told> {
    let told = |(pos, (kind, data)): (i64, &(&str, Value))| {
        let event = serde_json::json!({ "ts": pos, "type": kind, "data": data });
        Told {
            pos: Pos(pos),
            to: [1].into(),
            typed: serde_json::from_value(event.clone()).expect("is an event"),
            event,
        }
    };
    (1..).zip(events).map(told).collect()
}
