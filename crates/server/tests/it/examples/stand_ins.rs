//! What is of the moment in a result, replaced by what is the same every time.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// Positions begin somewhere else at each start of a server. The newest of a result is 881, the one
/// before it 880, and so on.
const POSITIONS: [&str; 4] = ["pos", "head", "oldest", "through"];
const NEWEST: i64 = 881;

/// Times, and the revisions that are made from times, have thirteen digits.
const MOMENTS: std::ops::Range<i64> = 1_000_000_000_000..10_000_000_000_000;
const MOMENT: i64 = 1_763_680_000_123;

/// Texts that are random, or another in each release.
const TEXTS: [(&str, &str); 5] = [
    ("ticket", "Q2hvaXJzLXNpbmctaW4tdHVybg"),
    (
        "token",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyOjIifQ.c2lnbmF0dXJl",
    ),
    ("lease", "YW50aXBob24"),
    ("jti", "example"),
    ("version", "1.0.0"),
];

pub(super) fn put_in(result: &mut Value) {
    let mut positions = BTreeSet::new();
    each_field(result, &mut |name, value| {
        positions.extend(position(name, value));
    });
    each_field(result, &mut |name, value| {
        if let Some(position) = position(name, value) {
            let newer = positions.range(position + 1..).count();
            *value = json!(NEWEST - i64::try_from(newer).expect("few positions"));
        } else if let Some(stand_in) = stand_in(name, value) {
            *value = stand_in;
        }
    });
}

fn position(name: &str, value: &Value) -> Option<i64> {
    value.as_i64().filter(|_| POSITIONS.contains(&name))
}

fn stand_in(name: &str, value: &Value) -> Option<Value> {
    if value
        .as_i64()
        .is_some_and(|number| MOMENTS.contains(&number))
    {
        return Some(json!(MOMENT));
    }
    let (_, text) = TEXTS.iter().find(|(field, _)| *field == name)?;
    value.is_string().then(|| json!(text))
}

fn each_field(value: &mut Value, visit: &mut impl FnMut(&str, &mut Value)) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                visit(name, value);
                each_field(value, visit);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each_field(item, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn only_what_is_of_the_moment_is_replaced() {
    let mut result = json!({
        "message": { "id": 7, "created_at": 1_800_000_000_000_i64, "edited_at": null },
        "ticket": "x", "token": { "jti": "y" }, "until": 9_007_199_254_740_991_i64,
    });
    put_in(&mut result);
    let expected = json!({
        "message": { "id": 7, "created_at": MOMENT, "edited_at": null },
        "ticket": TEXTS[0].1, "token": { "jti": "example" }, "until": 9_007_199_254_740_991_i64,
    });
    assert_eq!(result, expected);
}

#[test]
fn positions_keep_their_order() {
    let mut result = json!({ "events": [{ "pos": 70 }, { "pos": 512 }], "through": 512, "oldest": 3, "head": 900 });
    put_in(&mut result);
    let expected = json!({ "events": [{ "pos": 879 }, { "pos": 880 }], "through": 880, "oldest": 878, "head": 881 });
    assert_eq!(result, expected);
}
