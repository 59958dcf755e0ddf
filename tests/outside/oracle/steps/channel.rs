use antiphon_test_support::Rng;
use serde_json::{Value, json};

use super::{Maker, mostly, one_of, step};

pub(super) const STEPS: &[Maker] = &[
    step("channel.create", 8, create),
    step("channel.join", 10, join),
    step("channel.leave", 4, own),
    step("channel.add_member", 8, add_member),
    step("channel.remove_member", 4, remove_member),
    step("channel.list", 1, list),
];

fn create(rng: &mut Rng) -> Value {
    let workspace_id = mostly("workspace.own", "workspace.any", rng);
    match *rng.pick(&["public", "public", "private", "dm"]) {
        "dm" => {
            let peers: Vec<Value> = (0..=rng.below(2))
                .map(|_| mostly("user.of_workspace", "user.any", rng))
                .collect();
            json!({ "workspace_id": workspace_id, "kind": "dm", "peer_ids": peers })
        }
        kind => json!({ "workspace_id": workspace_id, "kind": kind, "name": "room" }),
    }
}

fn join(rng: &mut Rng) -> Value {
    json!({ "channel_id": mostly("channel.to_join", "channel.any", rng) })
}

fn own(rng: &mut Rng) -> Value {
    json!({ "channel_id": mostly("channel.own", "channel.any", rng) })
}

fn add_member(rng: &mut Rng) -> Value {
    json!({
        "channel_id": mostly("channel.own", "channel.any", rng),
        "user_id": mostly("user.of_channels_workspace", "user.any", rng),
    })
}

fn remove_member(rng: &mut Rng) -> Value {
    json!({
        "channel_id": mostly("channel.own", "channel.any", rng),
        "user_id": mostly("user.of_channel", "user.any", rng),
    })
}

fn list(rng: &mut Rng) -> Value {
    json!({ "workspace_id": one_of("workspace.own", rng) })
}
