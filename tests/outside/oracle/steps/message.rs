use antiphon_test_support::Rng;
use serde_json::{Value, json};

use super::{Maker, mostly, one_of, step};

pub(super) const STEPS: &[Maker] = &[
    step("message.send", 26, send),
    step("message.update", 6, update),
    step("message.delete", 8, delete),
    step("message.bulk_delete", 2, bulk_delete),
    step("message.react", 4, react),
    step("message.unreact", 3, unreact),
    step("message.toggle_react", 3, react),
    step("message.pin", 4, pin),
    step("message.unpin", 2, unpin),
    step("message.pins", 1, pins),
    step("message.history", 1, history),
    step("message.search", 2, search),
    step("message.get", 1, get),
    step("message.list", 2, list),
];

/// Some of them mention somebody, and some only seem to.
pub(super) const BODIES: &[&str] = &[
    "hello",
    "hello",
    "hello",
    "\u{1f30d}",
    "\u{201c}quoted\u{201d} \u{1}\n",
    "@ada, @ben and @cleo",
    "@u4 (@u5) @u8",
    "@here",
    "@channel and @ada",
    "`@ada` ada@here.example ```\n@channel\n```",
    "",
];

const EMOJI: &[&str] = &["\u{1f44d}", "\u{1f389}", "tea"];

const QUERIES: &[&str] = &["hello", "he*", "\"and cleo\"", "edited hello", "\"*", ""];

fn send(rng: &mut Rng) -> Value {
    let mut params = json!({
        "channel_id": mostly("channel.own", "channel.any", rng),
        "body": rng.pick(BODIES),
    });
    if rng.chance(20) {
        params["thread_id"] = mostly("root.of_channel", "message.any", rng);
    }
    params
}

fn update(rng: &mut Rng) -> Value {
    json!({
        "message_id": mostly("message.own", "message.any", rng),
        "body": rng.pick(&["edited", "edited again", "edited: @ada @channel"]),
    })
}

fn delete(rng: &mut Rng) -> Value {
    json!({ "message_id": mostly("message.own", "message.readable", rng) })
}

fn bulk_delete(rng: &mut Rng) -> Value {
    let ids: Vec<Value> = (0..=rng.below(3))
        .map(|_| mostly("message.own_of_channel", "message.of_channel", rng))
        .collect();
    json!({ "channel_id": one_of("channel.own", rng), "message_ids": ids })
}

fn react(rng: &mut Rng) -> Value {
    json!({
        "message_id": mostly("message.readable", "message.any", rng),
        "emoji": rng.pick(EMOJI),
    })
}

fn unreact(rng: &mut Rng) -> Value {
    json!({
        "message_id": mostly("message.reacted", "message.readable", rng),
        "emoji": one_of("reaction.own", rng),
    })
}

fn pin(rng: &mut Rng) -> Value {
    json!({ "message_id": mostly("message.readable", "message.any", rng) })
}

fn unpin(rng: &mut Rng) -> Value {
    json!({ "message_id": mostly("message.pinned", "message.any", rng) })
}

fn pins(rng: &mut Rng) -> Value {
    let mut params = json!({
        "channel_id": mostly("channel.own", "channel.any", rng),
        "limit": 1 + rng.below(3),
    });
    if rng.chance(50) {
        params["before_id"] = mostly("message.pinned_here", "message.any", rng);
    }
    params
}

fn history(rng: &mut Rng) -> Value {
    json!({ "message_id": mostly("message.edited", "message.any", rng) })
}

fn search(rng: &mut Rng) -> Value {
    let mut params = json!({ "query": rng.pick(QUERIES), "limit": 1 + rng.below(5) });
    match rng.below(4) {
        0 => params["channel_id"] = mostly("channel.own", "channel.any", rng),
        1 => params["workspace_id"] = one_of("workspace.own", rng),
        2 => params["author_id"] = one_of("user.any", rng),
        _ => params["before_id"] = one_of("message.any", rng),
    }
    params
}

fn get(rng: &mut Rng) -> Value {
    json!({ "message_id": mostly("message.readable", "message.any", rng) })
}

fn list(rng: &mut Rng) -> Value {
    let mut params = json!({
        "channel_id": mostly("channel.own", "channel.any", rng),
        "limit": 1 + rng.below(5),
    });
    if rng.chance(50) {
        params["since_id"] = one_of("message.of_channel", rng);
    }
    params
}
