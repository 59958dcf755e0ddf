//! What the events say of every message and canvas is what the tables have.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde_json::Value;

use super::Told;

/// What somebody holds who was everywhere from the beginning.
#[derive(Default)]
pub(in crate::oracle) struct Documents {
    messages: BTreeMap<i64, Value>,
    canvases: BTreeMap<i64, Value>,
}

impl Documents {
    /// Takes in an event. Events come in log order, from the first on.
    pub(in crate::oracle) fn hear(&mut self, told: &Told) {
        let data = told.data();
        match told.kind() {
            "message.created" | "message.updated" => {
                self.messages
                    .insert(id(&data["message"]["id"]), data["message"].clone());
            }
            "message.deleted" => {
                let gone = &data["message_id"];
                self.messages.retain(|_, held| held["thread_id"] != *gone);
                self.messages.remove(&id(gone));
            }
            "message.replied" | "message.reacted" | "message.pinned" | "message.unpinned" => {
                let held = self.messages.get_mut(&id(&data["message_id"]));
                change(held.expect("was told of"), data);
            }
            "canvas.created" | "canvas.updated" | "canvas.restored" => {
                self.canvases
                    .insert(id(&data["canvas"]["id"]), data["canvas"].clone());
            }
            "canvas.deleted" => {
                let held = self.canvases.get_mut(&id(&data["canvas_id"]));
                let held = held.expect("was told of");
                held["revision"] = data["revision"].clone();
                held["deleted_at"] = told.ts().into();
            }
            _ => {}
        }
    }

    /// Holds them against the database as it is, but for channels that are deleted and go away in
    /// the background.
    pub(in crate::oracle) fn check(&self, database: &Connection) {
        let living = rows(database, LIVING);
        let of_living = |held: &Value| living.contains_key(&id(&held["channel_id"]));
        for (held, statement) in [(&self.messages, MESSAGES), (&self.canvases, CANVASES)] {
            let mut held = held.clone();
            held.retain(|_, held| of_living(held));
            let mut stored = rows(database, statement);
            stored.retain(|_, stored| of_living(stored));
            assert_eq!(held, stored, "told and stored");
        }
    }
}

const LIVING: &str = "SELECT channel.id, 'null' FROM channel
    JOIN workspace ON workspace.id = workspace_id
    WHERE channel.deleted_at IS NULL AND workspace.deleted_at IS NULL";

/// The replies to each are counted and not believed.
const MESSAGES: &str = "SELECT id, json_object(
        'id', id, 'channel_id', channel_id, 'author_id', author_id, 'body', body,
        'thread_id', thread_id, 'created_at', created_at, 'edited_at', edited_at,
        'revision', revision, 'pinned_at', pinned_at, 'pinned_by', pinned_by,
        'reactions', json((
            SELECT json_group_array(json_object('emoji', emoji, 'user_ids', json(users))
                                    ORDER BY first)
            FROM (SELECT emoji, json_group_array(user_id ORDER BY id) AS users, min(id) AS first
                  FROM reaction WHERE message_id = message.id GROUP BY emoji))),
        'mentions', json((SELECT json_group_array(user_id ORDER BY user_id)
                     FROM mention WHERE message_id = message.id)),
        'mentions_everyone', json(iif(mentions_everyone, 'true', 'false')),
        'reply_count', (SELECT count(*) FROM message AS reply WHERE thread_id = message.id),
        'last_reply_id', (SELECT max(id) FROM message AS reply WHERE thread_id = message.id),
        'last_reply_at', (SELECT created_at FROM message AS reply WHERE thread_id = message.id
                          ORDER BY id DESC LIMIT 1))
    FROM present_message AS message";

const CANVASES: &str = "SELECT id, json_object(
        'id', id, 'channel_id', channel_id, 'title', title, 'content', json(content),
        'created_by', created_by, 'created_at', created_at, 'updated_by', updated_by,
        'updated_at', updated_at, 'deleted_at', deleted_at, 'revision', revision)
    FROM canvas";

/// All messages, those of deleted channels too.
pub(in crate::oracle) fn messages(database: &Connection) -> BTreeMap<i64, Value> {
    rows(database, MESSAGES)
}

fn id(value: &Value) -> i64 {
    value.as_i64().expect("an id")
}

/// What an event says of a message besides its name.
fn change(held: &mut Value, data: &Value) {
    let fields = data.as_object().into_iter().flatten();
    for (name, value) in fields.filter(|(name, _)| *name != "message_id") {
        held[name] = value.clone();
    }
}

fn rows(database: &Connection, statement: &str) -> BTreeMap<i64, Value> {
    let mut statement = database.prepare_cached(statement).expect("is SQL");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)));
    rows.expect("reads")
        .map(|row| row.expect("reads"))
        .map(|(id, text)| (id, serde_json::from_str(&text).expect("is JSON")))
        .collect()
}
