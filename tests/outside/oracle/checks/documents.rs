//! What the events say of every message and canvas is what the tables have.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;
use serde_json::{Value, json};

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
                self.messages.insert(id(&data["message"]["id"]), data["message"].clone());
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
                self.canvases.insert(id(&data["canvas"]["id"]), data["canvas"].clone());
            }
            "canvas.deleted" => {
                let held = self.canvases.get_mut(&id(&data["canvas_id"]));
                change(held.expect("was told of"), data);
            }
            _ => {}
        }
    }

    /// Holds them against the database as it is, but for channels that are deleted and go away in
    /// the background.
    pub(in crate::oracle) fn check(&self, database: &Connection) {
        let living: BTreeSet<i64> = rows(database, LIVING).into_keys().collect();
        for (held, statement) in [(&self.messages, MESSAGES), (&self.canvases, CANVASES)] {
            let held = held.iter().filter(|(_, held)| living.contains(&id(&held["channel_id"])));
            let held: BTreeMap<i64, Value> =
                held.map(|(id, held)| (*id, held.clone())).collect();
            let mut stored = rows(database, statement);
            stored.retain(|_, row| living.contains(&id(&row["channel_id"])));
            for (id, stored) in &mut stored {
                // When a canvas was deleted is not told, only that it was.
                if let (Some(told), false) = (held.get(id), stored["deleted_at"].is_null()) {
                    stored["deleted_at"] = told["deleted_at"].clone();
                }
            }
            assert_eq!(held, stored);
        }
    }
}
