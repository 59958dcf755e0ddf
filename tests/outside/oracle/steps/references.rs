//! References in params: what a call names is looked up right before the call is made, so that a
//! plan stays a plan when steps are taken out of it.
//!
//! `{"$one_of": "message.own", "nth": 17}` is the 17th row, counted round, that the query of that
//! name finds in the database. A query sees `:caller` and every other parameter of the call by its
//! name. `{"$result_of": "session.ticket", "at": "/ticket", "nth": 3}` is a part of a result that
//! a method gave earlier in the run, for what is in no table.

use std::collections::BTreeMap;

use rusqlite::{Connection, Statement, ToSql};
use serde_json::{Map, Value, json};

use super::queries::QUERIES;

/// What nothing in a run has as its id.
const NOWHERE: i64 = 999_999;

/// The results that each method gave so far.
pub(in crate::oracle) type Results = BTreeMap<String, Vec<Value>>;

/// Looks references up.
pub(in crate::oracle) struct Lookup<'a> {
    pub(in crate::oracle) database: &'a Connection,
    pub(in crate::oracle) results: &'a Results,
    pub(in crate::oracle) caller: i64,
}

/// Params with everything looked up.
pub(in crate::oracle) struct Found {
    pub(in crate::oracle) params: Value,
    /// Whether each query found something for this caller.
    pub(in crate::oracle) is_whole: bool,
}

impl Lookup<'_> {
    /// A reference waits for those that its query names.
    pub(in crate::oracle) fn resolve(&self, params: &Value) -> Found {
        let mut left = params.as_object().cloned().unwrap_or_default();
        let mut known = Map::new();
        while !left.is_empty() {
            let before = known.len();
            for (name, value) in std::mem::take(&mut left) {
                match self.fill(&value, &known, params) {
                    Some(value) => known.insert(name, value),
                    None => left.insert(name, value),
                };
            }
            assert!(known.len() > before, "they wait for each other: {left:?}");
        }
        Found {
            is_whole: !names(NOWHERE, &known),
            params: Value::Object(known),
        }
    }

    /// `None` while a parameter that it needs is not known.
    fn fill(&self, value: &Value, known: &Map<String, Value>, params: &Value) -> Option<Value> {
        if let Some(query) = value["$one_of"].as_str() {
            return self.one_of(query, nth(value), known, params);
        }
        if let Some(method) = value["$result_of"].as_str() {
            return Some(self.result_of(method, value));
        }
        match value {
            Value::Array(items) => items
                .iter()
                .map(|item| self.fill(item, known, params))
                .collect(),
            Value::Object(fields) => fields
                .iter()
                .map(|(name, value)| Some((name.clone(), self.fill(value, known, params)?)))
                .collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                Some(value.clone())
            }
        }
    }

    fn one_of(
        &self,
        query: &str,
        nth: usize,
        known: &Map<String, Value>,
        params: &Value,
    ) -> Option<Value> {
        let (_, text) = QUERIES.iter().find(|(name, _)| *name == query)?;
        let mut statement = self.database.prepare_cached(text).expect("is SQL");
        for index in 1..=statement.parameter_count() {
            let name = statement.parameter_name(index).expect("has a name");
            let name = name.trim_start_matches(':').to_owned();
            let value = match known.get(&name) {
                _ if name == "caller" => Some(self.caller),
                None if params.get(&name).is_some() => return None,
                value => value.and_then(Value::as_i64),
            };
            bind(&mut statement, index, value);
        }
        let found: Vec<Value> = rows(&mut statement);
        Some(pick(&found, nth))
    }

    fn result_of(&self, method: &str, reference: &Value) -> Value {
        let at = reference["at"].as_str().unwrap_or_default();
        let results = self.results.get(method).map_or(&[][..], Vec::as_slice);
        pick(results, nth(reference))
            .pointer(at)
            .cloned()
            .unwrap_or_else(|| json!("nothing"))
    }
}

/// Whether an id is one of the params, or in a list of one.
fn names(id: i64, params: &Map<String, Value>) -> bool {
    let is_it = |value: &Value| value.as_i64() == Some(id);
    let mut values = params.values();
    values.any(|value| is_it(value) || value.as_array().is_some_and(|list| list.iter().any(is_it)))
}

fn nth(reference: &Value) -> usize {
    let nth = reference["nth"].as_u64().unwrap_or_default();
    usize::try_from(nth).unwrap_or_default()
}

fn pick(from: &[Value], nth: usize) -> Value {
    match nth.checked_rem(from.len()) {
        Some(index) => from[index].clone(),
        None => json!(NOWHERE),
    }
}

fn bind(statement: &mut Statement<'_>, index: usize, value: impl ToSql) {
    statement
        .raw_bind_parameter(index, value)
        .expect("can be bound");
}

/// The first column: ids, or names.
fn rows(statement: &mut Statement<'_>) -> Vec<Value> {
    let mut found = Vec::new();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().expect("can be read") {
        let id: Result<i64, _> = row.get(0);
        found.push(match id {
            Ok(id) => json!(id),
            Err(_) => json!(row.get::<_, String>(0).expect("a number or a text")),
        });
    }
    found
}

pub(super) fn exists(query: &str) -> bool {
    QUERIES.iter().any(|(name, _)| *name == query)
}
