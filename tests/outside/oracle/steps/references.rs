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

/// What nothing in a run has as its id.
const NOWHERE: i64 = 999_999;

/// Each by its name.
const QUERIES: &[(&str, &str)] = &[
    ("user.any", "SELECT id FROM user ORDER BY id"),
    // Who may lose what a tab needs.
    (
        "user.without_tabs",
        "SELECT id FROM user WHERE id > 8 ORDER BY id",
    ),
    ("user.name", "SELECT name FROM user ORDER BY id"),
    (
        "user.external_id",
        "SELECT external_id FROM user WHERE external_id IS NOT NULL ORDER BY id",
    ),
    (
        "user.colleague",
        "SELECT DISTINCT user_id FROM workspace_member WHERE workspace_id IN (
             SELECT workspace_id FROM workspace_member WHERE user_id = :caller) ORDER BY 1",
    ),
    (
        "user.not_in_workspace",
        "SELECT id FROM user WHERE id NOT IN (
             SELECT user_id FROM workspace_member WHERE workspace_id = :workspace_id) ORDER BY id",
    ),
    (
        "user.of_workspace",
        "SELECT user_id FROM workspace_member WHERE workspace_id = :workspace_id ORDER BY 1",
    ),
    (
        "user.below_owner",
        "SELECT user_id FROM workspace_member
         WHERE workspace_id = :workspace_id AND role <> 'owner' ORDER BY 1",
    ),
    (
        "user.of_channel",
        "SELECT user_id FROM channel_member WHERE channel_id = :channel_id ORDER BY 1",
    ),
    (
        "user.of_channels_workspace",
        "SELECT user_id FROM workspace_member JOIN channel USING (workspace_id)
         WHERE channel.id = :channel_id ORDER BY 1",
    ),
    ("workspace.any", "SELECT id FROM workspace ORDER BY id"),
    (
        "workspace.own",
        "SELECT workspace_id FROM workspace_member WHERE user_id = :caller ORDER BY 1",
    ),
    (
        "workspace.ruled",
        "SELECT workspace_id FROM workspace_member
         WHERE user_id = :caller AND role IN ('owner', 'admin') ORDER BY 1",
    ),
    (
        "workspace.owned",
        "SELECT workspace_id FROM workspace_member
         WHERE user_id = :caller AND role = 'owner' ORDER BY 1",
    ),
    // Owned, and not one that a plan begins with.
    (
        "workspace.spare",
        "SELECT workspace_id FROM workspace_member
         WHERE user_id = :caller AND role = 'owner' AND workspace_id > 2 ORDER BY 1",
    ),
    ("channel.any", "SELECT id FROM channel ORDER BY id"),
    (
        "channel.own",
        "SELECT channel_id FROM channel_member WHERE user_id = :caller ORDER BY 1",
    ),
    (
        "channel.room",
        "SELECT id FROM channel JOIN channel_member ON channel_id = id
         WHERE user_id = :caller AND kind <> 'dm' ORDER BY id",
    ),
    // One that the caller is in, in a workspace of theirs to rule.
    (
        "channel.ruled",
        "SELECT id FROM channel JOIN channel_member ON channel_id = id
         JOIN workspace_member USING (workspace_id, user_id)
         WHERE user_id = :caller AND kind <> 'dm' AND role IN ('owner', 'admin') ORDER BY id",
    ),
    // The same, and not one that a plan begins with.
    (
        "channel.spare",
        "SELECT id FROM channel JOIN channel_member ON channel_id = id
         JOIN workspace_member USING (workspace_id, user_id)
         WHERE user_id = :caller AND kind <> 'dm' AND role IN ('owner', 'admin') AND id > 5
         ORDER BY id",
    ),
    (
        "channel.archived",
        "SELECT id FROM channel JOIN workspace_member USING (workspace_id)
         WHERE user_id = :caller AND role IN ('owner', 'admin') AND archived_at IS NOT NULL
           AND deleted_at IS NULL ORDER BY id",
    ),
    (
        "channel.to_join",
        "SELECT id FROM channel JOIN workspace_member USING (workspace_id)
         WHERE user_id = :caller AND kind = 'public' AND archived_at IS NULL
           AND deleted_at IS NULL AND id NOT IN (
             SELECT channel_id FROM channel_member WHERE user_id = :caller) ORDER BY 1",
    ),
    ("message.any", "SELECT id FROM message ORDER BY id"),
    (
        "message.own",
        "SELECT id FROM message WHERE author_id = :caller ORDER BY id",
    ),
    (
        "message.readable",
        "SELECT id FROM message JOIN channel_member USING (channel_id)
         WHERE user_id = :caller ORDER BY id",
    ),
    (
        "message.of_channel",
        "SELECT id FROM message WHERE channel_id = :channel_id ORDER BY id",
    ),
    (
        "message.own_of_channel",
        "SELECT id FROM message WHERE channel_id = :channel_id AND author_id = :caller ORDER BY id",
    ),
    (
        "message.edited",
        "SELECT DISTINCT message_id FROM former_body JOIN message ON message.id = message_id
         JOIN channel_member USING (channel_id) WHERE user_id = :caller ORDER BY 1",
    ),
    (
        "message.pinned",
        "SELECT id FROM message JOIN channel_member USING (channel_id)
         WHERE user_id = :caller AND pinned_at IS NOT NULL ORDER BY id",
    ),
    (
        "message.reacted",
        "SELECT DISTINCT message_id FROM reaction WHERE user_id = :caller ORDER BY 1",
    ),
    // What the caller has put on the message.
    (
        "reaction.own",
        "SELECT emoji FROM reaction WHERE message_id = :message_id AND user_id = :caller
         ORDER BY id",
    ),
    (
        "root.of_channel",
        "SELECT id FROM message WHERE channel_id = :channel_id AND thread_id IS NULL ORDER BY id",
    ),
    (
        "root.readable",
        "SELECT id FROM message JOIN channel_member USING (channel_id)
         WHERE user_id = :caller AND thread_id IS NULL ORDER BY id",
    ),
    (
        "root.answered",
        "SELECT id FROM message JOIN channel_member USING (channel_id)
         WHERE user_id = :caller AND reply_count > 0 ORDER BY id",
    ),
    (
        "thread.followed",
        "SELECT thread_id FROM thread_follow WHERE user_id = :caller ORDER BY 1",
    ),
    (
        "reply.of_thread",
        "SELECT id FROM message WHERE thread_id = :thread_id ORDER BY id",
    ),
    ("canvas.any", "SELECT id FROM canvas ORDER BY id"),
    (
        "canvas.there",
        "SELECT id FROM canvas JOIN channel_member USING (channel_id)
         WHERE user_id = :caller AND deleted_at IS NULL ORDER BY id",
    ),
    (
        "canvas.deleted",
        "SELECT id FROM canvas JOIN channel_member USING (channel_id)
         WHERE user_id = :caller AND deleted_at IS NOT NULL ORDER BY id",
    ),
    (
        "canvas.of_channel",
        "SELECT id FROM canvas WHERE channel_id = :channel_id ORDER BY id",
    ),
    (
        "revision.newest",
        "SELECT revision FROM canvas WHERE id = :canvas_id",
    ),
    (
        "revision.any",
        "SELECT revision FROM canvas_revision WHERE canvas_id = :canvas_id ORDER BY 1",
    ),
    (
        "token.own",
        "SELECT jti FROM token WHERE user_id = :caller ORDER BY issued_at, jti",
    ),
    ("token.any", "SELECT jti FROM token ORDER BY issued_at, jti"),
    ("huddle.any", "SELECT id FROM huddle ORDER BY id"),
    (
        "huddle.in_sight",
        "SELECT id FROM huddle JOIN channel_member USING (channel_id)
         WHERE user_id = :caller ORDER BY id",
    ),
    (
        "huddle.own",
        "SELECT huddle_id FROM huddle_seat WHERE user_id = :caller",
    ),
    ("lease.any", "SELECT lease FROM huddle_seat ORDER BY 1"),
    (
        "lease.own",
        "SELECT lease FROM huddle_seat WHERE user_id = :caller",
    ),
    ("position", "SELECT pos FROM log ORDER BY pos"),
];

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
