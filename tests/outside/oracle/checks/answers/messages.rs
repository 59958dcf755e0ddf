//! What was said, where it is pinned, and what it said before.

use serde_json::{Value, json};

use super::{Answer, Asked, Expected, Query, page::List};

pub(super) const QUERIES: &[Query] = &[
    Query {
        method: "message.get",
        expected: |asked| {
            let message = asked.readable(asked.id("message_id"))?;
            Ok(Answer::Is(json!({ "message": message })))
        },
    },
    Query {
        method: "message.list",
        expected: |asked| {
            let channel = asked.joined()?["id"].as_i64();
            let roots = those(asked, |message| {
                message["channel_id"].as_i64() == channel && message["thread_id"].is_null()
            });
            Ok(Answer::List(List::from_the_end("messages", "id", roots)))
        },
    },
    Query {
        method: "thread.messages",
        expected: |asked| {
            let root = &asked.readable(asked.id("thread_id"))?["id"];
            let replies = those(asked, |message| message["thread_id"] == *root);
            Ok(Answer::List(List::from_the_end("messages", "id", replies)))
        },
    },
    Query {
        method: "message.pins",
        expected: pins,
    },
    Query {
        method: "message.history",
        expected: history,
    },
];

/// In id order.
fn those(asked: &Asked<'_>, is_one: impl Fn(&Value) -> bool) -> Vec<Value> {
    let all = asked.messages.values();
    all.filter(|message| is_one(message)).cloned().collect()
}

fn pins<'a>(asked: &Asked<'a>) -> Expected<'a> {
    let channel = asked.joined()?["id"].as_i64();
    let mut pins = those(asked, |message| {
        message["channel_id"].as_i64() == channel && !message["pinned_at"].is_null()
    });
    pins.sort_by_key(|pin| (pin["pinned_at"].as_i64(), pin["id"].as_i64()));
    pins.reverse();
    Ok(Answer::List(List::falling("messages", "id", pins)))
}

fn history<'a>(asked: &Asked<'a>) -> Expected<'a> {
    let message = asked.readable(asked.id("message_id"))?["id"].as_i64();
    let statement = "SELECT json_object('revision', revision, 'body', body, 'edited_at', edited_at)
         FROM former_body WHERE message_id = ?1 ORDER BY revision DESC";
    let edits = asked.rows(statement, [message]);
    let list = List::falling("edits", "revision", edits);
    Ok(Answer::List(list.behind("before_revision")))
}
