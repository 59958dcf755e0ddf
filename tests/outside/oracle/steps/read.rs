use antiphon_test_support::Rng;
use serde_json::{Value, json};

use super::{Maker, mostly, none, one_of, step};

pub(super) const STEPS: &[Maker] = &[
    step("read.mark", 10, mark),
    step("read.mark_unread", 5, mark_unread),
    step("read.mark_all", 3, mark_all),
    step("read.cursors", 1, none),
];

fn mark(rng: &mut Rng) -> Value {
    json!({
        "channel_id": mostly("channel.own", "channel.any", rng),
        "message_id": mostly("message.of_channel", "message.any", rng),
    })
}

fn mark_unread(rng: &mut Rng) -> Value {
    json!({
        "channel_id": mostly("channel.own", "channel.any", rng),
        "message_id": mostly("root.of_channel", "message.any", rng),
    })
}

fn mark_all(rng: &mut Rng) -> Value {
    if rng.chance(50) {
        return none(rng);
    }
    json!({ "workspace_id": one_of("workspace.own", rng) })
}
