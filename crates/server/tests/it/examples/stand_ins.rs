//! What is of the moment in a result, replaced by what is the same every time.

use serde_json::{Value, json};

/// Positions begin somewhere else at each start of a server.
const POSITIONS: [&str; 3] = ["pos", "head", "oldest"];
const POSITION: i64 = 881;

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

pub(super) fn put_in(value: &mut Value) {
    match value {
        Value::Object(fields) => fields
            .iter_mut()
            .for_each(|(name, value)| put_in_field(name, value)),
        Value::Array(items) => items.iter_mut().for_each(put_in),
        Value::Number(number) if number.as_i64().is_some_and(|it| MOMENTS.contains(&it)) => {
            *value = json!(MOMENT);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn put_in_field(name: &str, value: &mut Value) {
    let text = TEXTS.iter().find(|(field, _)| *field == name);
    match (&value, text) {
        (Value::String(_), Some((_, stand_in))) => *value = json!(stand_in),
        (Value::Number(_), _) if POSITIONS.contains(&name) => *value = json!(POSITION),
        _ => put_in(value),
    }
}

#[test]
fn only_what_is_of_the_moment_is_replaced() {
    let mut result = json!({
        "message": { "id": 7, "created_at": 1_800_000_000_000_i64, "edited_at": null },
        "ticket": "x", "token": { "jti": "y" }, "pos": 12, "until": 9_007_199_254_740_991_i64,
    });
    put_in(&mut result);
    let expected = json!({
        "message": { "id": 7, "created_at": MOMENT, "edited_at": null },
        "ticket": TEXTS[0].1, "token": { "jti": "example" }, "pos": POSITION,
        "until": 9_007_199_254_740_991_i64,
    });
    assert_eq!(result, expected);
}
