use antiphon_test_support::Rng;
use serde_json::{Value, json};

use super::{Maker, mostly, one_of, step};

pub(super) const STEPS: &[Maker] = &[
    step("message.send", 26, send),
    step("message.update", 6, update),
    step("message.delete", 8, delete),
    step("message.get", 1, get),
    step("message.list", 2, list),
];

const BODIES: &[&str] = &[
    "hello",
    "hello",
    "hello",
    "hello",
    "\u{1f30d}",
    "\u{201c}quoted\u{201d} \u{1}\n",
    "",
];

fn send(rng: &mut Rng) -> Value {
    json!({
        "channel_id": mostly("channel.own", "channel.any", rng),
        "body": rng.pick(BODIES),
    })
}

fn update(rng: &mut Rng) -> Value {
    json!({ "message_id": mostly("message.own", "message.any", rng), "body": "edited" })
}

fn delete(rng: &mut Rng) -> Value {
    json!({ "message_id": mostly("message.own", "message.readable", rng) })
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
