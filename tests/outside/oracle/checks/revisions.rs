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
const INTRODUCTIONS: &[&str] = &["workspace.added", "channel.added", "huddle.started"];

/// Over the whole log, and so over what each user hears of it.
pub(in crate::oracle) fn check(told: &[Told]) {
    let mut newest = BTreeMap::<(&str, i64), i64>::new();
    for told in told {
        let number = |at| told.data().pointer(at).and_then(Value::as_i64);
        for (kind, id, revision) in PLACES {
            let (Some(id), Some(revision)) = (number(id), number(revision)) else {
                continue;
            };
            let least = newest.get(&(kind, id)).copied().unwrap_or_default();
            let is_new = !INTRODUCTIONS.contains(&told.kind());
            let least = least + i64::from(is_new);
            assert!(revision >= least, "not above {least}: {}", told.event);
            newest.insert((kind, id), revision);
        }
    }
}
