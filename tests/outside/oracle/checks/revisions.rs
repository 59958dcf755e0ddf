//! With every change an entity's revision rises.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Told;

/// Where events tell of an entity: its kind, its id and its revision.
const PLACES: &[(&str, &str, &str)] = &[
    ("user", "/user/id", "/user/revision"),
    ("workspace", "/workspace/id", "/workspace/revision"),
    ("channel", "/channel/id", "/channel/revision"),
    ("message", "/message/id", "/message/revision"),
    ("message", "/message_id", "/revision"),
    ("canvas", "/canvas/id", "/canvas/revision"),
    ("canvas", "/canvas_id", "/revision"),
    ("huddle", "/huddle/id", "/huddle/revision"),
];

/// These show an entity as it is to somebody who comes to it.
const INTRODUCTIONS: &[&str] = &[
    "workspace.added",
    "workspace.member_joined",
    "channel.added",
    "huddle.started",
];

/// Over the whole log, and so over what each user hears of it.
pub(in crate::oracle) fn check(told: &[Told]) {
    let mut newest = BTreeMap::<(&str, i64), i64>::new();
    for told in told {
        let number = |at| told.data().pointer(at).and_then(Value::as_i64);
        for (kind, id, revision) in PLACES {
            let (Some(id), Some(revision)) = (number(id), number(revision)) else {
                continue;
            };
            let last = newest.get(&(kind, id)).copied().unwrap_or_default();
            let is_change = !INTRODUCTIONS.contains(&told.kind());
            let least = last + i64::from(is_change);
            assert!(revision >= least, "not {least} or above: {}", told.event);
            newest.insert((kind, id), revision);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{super::told, check};

    fn reacted(id: i64, revision: i64) -> (&'static str, Value) {
        let data = json!({
            "message_id": id, "channel_id": 5, "reactions": [], "revision": revision,
        });
        ("message.reacted", data)
    }

    fn workspace(kind: &'static str, revision: i64) -> (&'static str, Value) {
        let permissions = json!({ "admin": [], "member": [], "guest": [] });
        let workspace = json!({
            "id": 3, "name": "w", "owner_id": 1, "permissions": permissions, "revision": revision,
        });
        (kind, json!({ "workspace": workspace }))
    }

    #[test]
    fn one_who_comes_to_an_entity_hears_of_the_revision_it_has() {
        let (added, updated) = ("workspace.added", "workspace.updated");
        check(&told(&[
            workspace(added, 1),
            workspace(updated, 2),
            workspace(added, 2),
            reacted(7, 2),
            reacted(8, 1),
            reacted(7, 4),
        ]));
    }

    #[test]
    #[should_panic(expected = "not 3 or above")]
    fn a_change_without_a_new_revision_is_noticed() {
        check(&told(&[reacted(7, 2), reacted(7, 2)]));
    }

    #[test]
    #[should_panic(expected = "not 2 or above")]
    fn an_entity_that_comes_as_it_was_earlier_is_noticed() {
        let updated = workspace("workspace.updated", 2);
        check(&told(&[updated, workspace("workspace.added", 1)]));
    }
}
