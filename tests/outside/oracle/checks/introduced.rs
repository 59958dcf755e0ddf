//! Whatever an event names, an earlier one has introduced to the same user.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Told, ids_named};

/// A kind of entity that has to be introduced, by the field that names it.
struct Entity {
    field: &'static str,
    /// The event that introduces it and where its id stands.
    added: (&'static str, &'static str),
    removed: (&'static str, &'static str),
    /// What it goes with when that is removed.
    within: Option<&'static str>,
}

const ENTITIES: &[Entity] = &[
    Entity {
        field: "workspace_id",
        added: ("workspace.added", "/workspace/id"),
        removed: ("workspace.removed", "/workspace_id"),
        within: None,
    },
    Entity {
        field: "channel_id",
        added: ("channel.added", "/channel/id"),
        removed: ("channel.removed", "/channel_id"),
        within: Some("workspace_id"),
    },
    Entity {
        field: "huddle_id",
        added: ("huddle.started", "/huddle/id"),
        removed: ("huddle.ended", "/huddle_id"),
        within: Some("channel_id"),
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

/// What a user knows of: by field, each id with that of what it is within.
type Known = BTreeMap<&'static str, BTreeMap<i64, Option<i64>>>;

pub(in crate::oracle) fn check(told: &[Told]) {
    let users: BTreeSet<i64> = told.iter().flat_map(|told| &told.to).copied().collect();
    for user in users {
        let mut known = Known::new();
        for told in told.iter().filter(|told| told.to.contains(&user)) {
            learn(&mut known, told);
            for entity in ENTITIES {
                for id in entity.ids_in(told.data()) {
                    let is_known = known
                        .get(entity.field)
                        .is_some_and(|ids| ids.contains_key(&id));
                    let (field, event) = (entity.field, &told.event);
                    assert!(is_known, "{field} {id} is unknown to user {user}: {event}");
                }
            }
            forget(&mut known, told);
        }
    }
}

fn learn(known: &mut Known, told: &Told) {
    for entity in ENTITIES
        .iter()
        .filter(|entity| entity.added.0 == told.kind())
    {
        let id = told.data().pointer(entity.added.1);
        let id = id.and_then(Value::as_i64).expect("an id");
        let home = entity.within.and_then(|field| {
            let homes = ids_named(field, told.data());
            homes.first().copied()
        });
        known.entry(entity.field).or_default().insert(id, home);
    }
}

fn forget(known: &mut Known, told: &Told) {
    for entity in ENTITIES
        .iter()
        .filter(|entity| entity.removed.0 == told.kind())
    {
        let id = told.data().pointer(entity.removed.1);
        let id = id.and_then(Value::as_i64).expect("an id");
        known.entry(entity.field).or_default().remove(&id);
        forget_within(known, entity.field, id);
    }
}

/// What is within something goes with it, and so on inwards.
fn forget_within(known: &mut Known, field: &str, id: i64) {
    for inner in ENTITIES.iter().filter(|inner| inner.within == Some(field)) {
        let inside = known.entry(inner.field).or_default();
        let gone = inside.extract_if(.., |_, home| *home == Some(id));
        let gone: Vec<i64> = gone.map(|(id, _)| id).collect();
        for id in gone {
            forget_within(known, inner.field, id);
        }
    }
}

#[cfg(test)]
mod tests {
    use antiphon_api::ids::Pos;
    use serde_json::{Value, json};

    use super::{super::Told, check};

    /// What user 1 alone is told, one after the other.
    fn told(events: &[(&str, Value)]) -> Vec<Told> {
        let told = |(pos, (kind, data)): (i64, &(&str, Value))| {
            let event = json!({ "ts": pos, "type": kind, "data": data });
            Told {
                pos: Pos(pos),
                to: [1].into(),
                typed: serde_json::from_value(event.clone()).expect("is an event"),
                event,
            }
        };
        (1..).zip(events).map(told).collect()
    }

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
}
