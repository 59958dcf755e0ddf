use antiphon_test_support::Rng;
use serde_json::{Value, json};

use super::{Maker, mostly, step};

pub(super) const STEPS: &[Maker] = &[
    step("channel.create", 6, create),
    step("channel.get", 1, get),
    step("channel.list", 1, list),
    step("channel.members", 1, members),
    step("channel.join", 10, join),
    step("channel.leave", 3, leave),
    step("channel.add_member", 8, add_member),
    step("channel.remove_member", 3, remove_member),
    step("channel.update", 3, update),
    step("channel.set_notify", 5, set_notify),
    step("channel.archive", 2, archive),
    step("channel.unarchive", 3, unarchive),
    step("channel.delete", 1, delete),
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

fn get(rng: &mut Rng) -> Value {
    json!({ "channel_id": mostly("channel.own", "channel.any", rng) })
}

fn list(rng: &mut Rng) -> Value {
    let mut params = json!({
        "workspace_id": mostly("workspace.own", "workspace.any", rng),
        "limit": 1 + rng.below(5),
    });
    if rng.chance(50) {
        params["since_id"] = mostly("channel.own", "channel.any", rng);
    }
    params
}

fn members(rng: &mut Rng) -> Value {
    let mut params = get(rng);
    params["limit"] = (1 + rng.below(5)).into();
    if rng.chance(50) {
        params["since_id"] = mostly("user.of_channel", "user.any", rng);
    }
    params
}

fn join(rng: &mut Rng) -> Value {
    json!({ "channel_id": mostly("channel.to_join", "channel.any", rng) })
}

fn leave(rng: &mut Rng) -> Value {
    json!({ "channel_id": mostly("channel.room", "channel.any", rng) })
}

fn add_member(rng: &mut Rng) -> Value {
    json!({
        "channel_id": mostly("channel.room", "channel.any", rng),
        "user_id": mostly("user.of_channels_workspace", "user.any", rng),
    })
}

fn remove_member(rng: &mut Rng) -> Value {
    json!({
        "channel_id": mostly("channel.ruled", "channel.own", rng),
        "user_id": mostly("user.of_channel", "user.any", rng),
    })
}

fn update(rng: &mut Rng) -> Value {
    let mut params = json!({ "channel_id": mostly("channel.room", "channel.any", rng) });
    let (field, value) = *rng.pick(&[("name", "room"), ("name", "hall"), ("topic", "news")]);
    params[field] = value.into();
    params
}

fn set_notify(rng: &mut Rng) -> Value {
    let mut params = json!({ "channel_id": mostly("channel.own", "channel.any", rng) });
    if rng.chance(60) {
        params["muted"] = rng.chance(50).into();
    }
    if rng.chance(60) {
        params["notify"] = (*rng.pick(&["all", "mentions", "none"])).into();
    }
    params
}

fn archive(rng: &mut Rng) -> Value {
    json!({ "channel_id": mostly("channel.ruled", "channel.any", rng) })
}

fn unarchive(rng: &mut Rng) -> Value {
    json!({ "channel_id": mostly("channel.archived", "channel.any", rng) })
}

fn delete(rng: &mut Rng) -> Value {
    json!({ "channel_id": mostly("channel.spare", "channel.own", rng) })
}
