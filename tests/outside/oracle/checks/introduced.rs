//! Whatever an event names, an earlier one has introduced: to the same user what their state holds;
//! in the log, what they may not hold, because it is older than their membership, and then ignore.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Told, ids_named};

/// A kind of entity that has to be introduced, by the field that names it.
struct Entity {
    field: &'static str,
    /// The event that introduces it and where its id stands.
    added: (&'static str, &'static str),
    removed: Option<(&'static str, &'static str)>,
    /// What it goes with when that is removed.
    within: Option<&'static str>,
}

const TO_EACH_USER: &[Entity] = &[
    Entity {
        field: "workspace_id",
        added: ("workspace.added", "/workspace/id"),
        removed: Some(("workspace.removed", "/workspace_id")),
        within: None,
    },
    Entity {
        field: "channel_id",
        added: ("channel.added", "/channel/id"),
        removed: Some(("channel.removed", "/channel_id")),
        within: Some("workspace_id"),
    },
    Entity {
        field: "huddle_id",
        added: ("huddle.started", "/huddle/id"),
        removed: Some(("huddle.ended", "/huddle_id")),
        within: Some("channel_id"),
    },
];

const IN_THE_LOG: &[Entity] = &[
    Entity {
        field: "thread_id",
        added: ("message.created", "/message/id"),
        removed: Some(("message.deleted", "/message_id")),
        within: None,
    },
    Entity {
        field: "message_id",
        added: ("message.created", "/message/id"),
        removed: Some(("message.deleted", "/message_id")),
        within: Some("thread_id"),
    },
    // One that is deleted can be restored, or fail to.
    Entity {
        field: "canvas_id",
        added: ("canvas.created", "/canvas/id"),
        removed: None,
        within: None,
    },
];

impl Entity {
    /// The ids of such entities that an event names or carries.
    fn ids_in(&self, data: &Value) -> Vec<i64> {
        let carried = data.pointer(self.added.1).and_then(Value::as_i64);
        ids_named(self.field, data)
            .into_iter()
            .chain(carried)
            .collect()
    }
}

/// What was introduced and is not gone: by field, each id with that of what it is within.
struct Known {
    entities: &'static [Entity],
    ids: BTreeMap<&'static str, BTreeMap<i64, Option<i64>>>,
}

pub(in crate::oracle) fn check(told: &[Told]) {
    let users: BTreeSet<i64> = told.iter().flat_map(|told| &told.to).copied().collect();
    for user in users {
        let own = told.iter().filter(|told| told.to.contains(&user));
        Known::of(TO_EACH_USER).hear(own, &format!("user {user}"));
    }
    Known::of(IN_THE_LOG).hear(told.iter(), "the log");
}

impl Known {
    const fn of(entities: &'static [Entity]) -> Self {
        let ids = BTreeMap::new();
        Self { entities, ids }
    }

    fn hear<'a>(mut self, told: impl Iterator<Item = &'a Told>, whom: &str) {
        for told in told {
            self.learn(told);
            for entity in self.entities {
                let known = self.ids.get(entity.field);
                for id in entity.ids_in(told.data()) {
                    let is_known = known.is_some_and(|ids| ids.contains_key(&id));
                    let (field, event) = (entity.field, &told.event);
                    assert!(is_known, "{field} {id} is unknown to {whom}: {event}");
                }
            }
            self.forget(told);
        }
    }

    fn learn(&mut self, told: &Told) {
        for entity in self.entities {
            let (event, at) = entity.added;
            if event == told.kind() {
                let homes = entity.within.map(|field| ids_named(field, told.data()));
                let home = homes.and_then(|homes| homes.first().copied());
                let ids = self.ids.entry(entity.field).or_default();
                ids.insert(id_at(at, told), home);
            }
        }
    }

    fn forget(&mut self, told: &Told) {
        for entity in self.entities {
            if let Some((event, at)) = entity.removed
                && event == told.kind()
            {
                let id = id_at(at, told);
                self.ids.entry(entity.field).or_default().remove(&id);
                self.forget_within(entity.field, id);
            }
        }
    }

    /// What is within something goes with it, and so on inwards.
    fn forget_within(&mut self, field: &str, id: i64) {
        let entities = self.entities.iter();
        for inner in entities.filter(|inner| inner.within == Some(field)) {
            let inside = self.ids.entry(inner.field).or_default();
            let gone = inside.extract_if(.., |_, home| *home == Some(id));
            let gone: Vec<i64> = gone.map(|(id, _)| id).collect();
            for id in gone {
                self.forget_within(inner.field, id);
            }
        }
    }
}

fn id_at(at: &str, told: &Told) -> i64 {
    let id = told.data().pointer(at).and_then(Value::as_i64);
    id.expect("an id")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{super::told, check};

    fn added() -> (&'static str, Value) {
        let permissions = json!({ "admin": [], "member": [], "guest": [] });
        let workspace = json!({
            "id": 3, "name": "w", "owner_id": 1, "permissions": permissions, "revision": 1,
        });
        ("workspace.added", json!({ "workspace": workspace }))
    }

    fn channel_added() -> (&'static str, Value) {
        let channel = json!({
            "id": 5, "workspace_id": 3, "kind": "public", "name": "c", "topic": "",
            "archived_at": null, "revision": 1,
        });
        ("channel.added", json!({ "channel": channel }))
    }

    fn huddle(kind: &'static str) -> (&'static str, Value) {
        let huddle = json!({
            "id": 9, "channel_id": 5, "started_by": 1, "started_at": 1, "participants": [],
            "revision": 1,
        });
        (kind, json!({ "huddle": huddle }))
    }

    fn removed() -> (&'static str, Value) {
        let data = json!({ "workspace_id": 3, "reason": "left" });
        ("workspace.removed", data)
    }

    fn read() -> (&'static str, Value) {
        let read = json!({ "channel_id": 5, "last_read_id": null, "unread": 0, "mentions": 0 });
        ("read.updated", json!({ "read": read }))
    }

    #[test]
    fn what_was_introduced_may_be_named_deep_inside_too() {
        check(&told(&[added(), channel_added(), read(), removed()]));
    }

    #[test]
    #[should_panic(expected = "channel_id 5 is unknown")]
    fn what_comes_too_early_is_noticed() {
        check(&told(&[added(), read(), channel_added()]));
    }

    #[test]
    #[should_panic(expected = "workspace_id 3 is unknown")]
    fn what_is_within_something_unknown_is_noticed() {
        check(&told(&[channel_added()]));
    }

    #[test]
    #[should_panic(expected = "channel_id 5 is unknown")]
    fn what_went_with_its_workspace_is_unknown_again() {
        check(&told(&[added(), channel_added(), removed(), read()]));
    }

    #[test]
    #[should_panic(expected = "huddle_id 9 is unknown")]
    fn what_an_event_carries_is_named_too() {
        check(&told(&[added(), channel_added(), huddle("huddle.updated")]));
    }

    #[test]
    #[should_panic(expected = "huddle_id 9 is unknown")]
    fn what_went_with_what_it_is_within_twice_over_is_unknown_again() {
        let begin = || [added(), channel_added()];
        let mut events = Vec::from(begin());
        events.extend([huddle("huddle.started"), removed()]);
        events.extend(begin());
        events.push(huddle("huddle.updated"));
        check(&told(&events));
    }

    fn sent(id: i64, thread_id: Option<i64>) -> (&'static str, Value) {
        let message = json!({
            "id": id, "channel_id": 5, "author_id": 1, "body": "hello", "thread_id": thread_id,
            "created_at": 1, "edited_at": null, "revision": 1, "reactions": [], "mentions": [],
            "mentions_everyone": false, "reply_count": 0, "last_reply_id": null,
            "last_reply_at": null, "pinned_at": null, "pinned_by": null,
        });
        ("message.created", json!({ "message": message }))
    }

    fn deleted(id: i64) -> (&'static str, Value) {
        let data = json!({
            "message_id": id, "channel_id": 5, "thread_id": null, "author_id": 1, "mentions": [],
            "mentions_everyone": false,
        });
        ("message.deleted", data)
    }

    fn reacted(id: i64) -> (&'static str, Value) {
        let data = json!({ "message_id": id, "channel_id": 5, "reactions": [], "revision": 2 });
        ("message.reacted", data)
    }

    #[test]
    fn a_message_may_be_named_to_one_who_came_after_it() {
        let mut told = told(&[sent(7, None), added(), channel_added(), reacted(7)]);
        told[0].to = [].into();
        check(&told);
    }

    #[test]
    #[should_panic(expected = "message_id 8 is unknown to the log")]
    fn a_reply_that_went_with_its_root_is_noticed_when_it_is_named() {
        let begun = [added(), channel_added(), sent(7, None), sent(8, Some(7))];
        let mut events = Vec::from(begun);
        events.extend([deleted(7), reacted(8)]);
        check(&told(&events));
    }
}
