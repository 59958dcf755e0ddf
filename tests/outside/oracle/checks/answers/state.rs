//! What a snapshot of the same position has too.

use serde_json::{Value, json};

use super::{Answer, Asked, Expected, Query, page::List};
use antiphon_api::ErrorCode;

pub(super) const QUERIES: &[Query] = &[
    Query {
        method: "user.me",
        expected: |asked| Ok(Answer::Is(json!({ "user": asked.snapshot["user"] }))),
    },
    Query {
        method: "user.get_preferences",
        expected: |asked| {
            let preferences = &asked.snapshot["preferences"];
            Ok(Answer::Is(json!({ "preferences": preferences })))
        },
    },
    Query {
        method: "workspace.list",
        expected: |asked| {
            let workspaces = &asked.snapshot["workspaces"];
            Ok(Answer::Is(json!({ "workspaces": workspaces })))
        },
    },
    Query {
        method: "workspace.get",
        expected: |asked| Ok(Answer::Is(json!({ "workspace": asked.workspace()? }))),
    },
    Query {
        method: "read.cursors",
        expected: |asked| Ok(Answer::Is(json!({ "reads": asked.snapshot["reads"] }))),
    },
    Query {
        method: "huddle.get",
        expected: |asked| {
            let huddle = asked.held("huddles", "id", asked.id("huddle_id"));
            let huddle = huddle.ok_or(ErrorCode::NotFound)?;
            Ok(Answer::Is(json!({ "huddle": huddle })))
        },
    },
    Query {
        method: "huddle.list_active",
        expected: huddles,
    },
    Query {
        method: "thread.get",
        expected: thread,
    },
    Query {
        method: "thread.list",
        expected: threads,
    },
];

fn huddles<'a>(asked: &Asked<'a>) -> Expected<'a> {
    let mut huddles = list("huddles", asked);
    if asked.id("workspace_id").is_some() {
        let workspace = asked.workspace()?;
        huddles.retain(|huddle| {
            let channel = asked.held("channels", "id", huddle["channel_id"].as_i64());
            channel.is_some_and(|channel| channel["workspace_id"] == workspace["id"])
        });
    }
    Ok(Answer::Is(json!({ "huddles": huddles })))
}

fn thread<'a>(asked: &Asked<'a>) -> Expected<'a> {
    let thread = asked.held("threads", "thread_id", asked.id("thread_id"));
    let thread = thread.ok_or(ErrorCode::NotFound)?;
    Ok(Answer::Is(with_root(thread.clone(), asked)))
}

fn threads<'a>(asked: &Asked<'a>) -> Expected<'a> {
    let mut threads = list("threads", asked);
    if asked.id("channel_id").is_some() {
        let channel = asked.joined()?;
        threads.retain(|thread| thread["channel_id"] == channel["id"]);
    }
    let threads = threads.into_iter();
    let threads = threads.map(|thread| with_root(thread, asked)).collect();
    Ok(Answer::List(List::from_the_end(
        "threads",
        "thread_id",
        threads,
    )))
}

fn with_root(mut thread: Value, asked: &Asked<'_>) -> Value {
    let root = thread["thread_id"].as_i64().expect("an id");
    thread["message"] = asked.messages[&root].clone();
    thread
}

fn list(name: &str, asked: &Asked<'_>) -> Vec<Value> {
    let list = asked.snapshot[name].as_array();
    list.expect("is a list").clone()
}
