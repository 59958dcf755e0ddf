use antiphon_test_support::Rng;
use serde_json::{Value, json};

use super::{Maker, mostly, none, one_of, step};

pub(super) const STEPS: &[Maker] = &[
    step("huddle.start", 8, start),
    step("huddle.join", 6, one_in_sight),
    step("huddle.leave", 4, leave),
    step("huddle.end", 2, one_in_sight),
    step("huddle.update", 5, update),
    step("huddle.renew", 2, renew),
    step("huddle.get", 1, one_in_sight),
    step("huddle.list_active", 1, list_active),
];

fn start(rng: &mut Rng) -> Value {
    json!({ "channel_id": mostly("channel.own", "channel.any", rng) })
}

fn one_in_sight(rng: &mut Rng) -> Value {
    json!({ "huddle_id": mostly("huddle.in_sight", "huddle.any", rng) })
}

fn leave(rng: &mut Rng) -> Value {
    let mut params = json!({ "huddle_id": mostly("huddle.own", "huddle.any", rng) });
    if rng.chance(50) {
        params["lease"] = mostly("lease.own", "lease.any", rng);
    }
    params
}

fn update(rng: &mut Rng) -> Value {
    let mut params = json!({ "huddle_id": mostly("huddle.own", "huddle.any", rng) });
    for field in ["muted", "screen", "hand"] {
        if rng.chance(40) {
            params[field] = rng.chance(60).into();
        }
    }
    params
}

fn renew(rng: &mut Rng) -> Value {
    json!({
        "huddle_id": mostly("huddle.own", "huddle.any", rng),
        "lease": mostly("lease.own", "lease.any", rng),
    })
}

fn list_active(rng: &mut Rng) -> Value {
    if rng.chance(50) {
        return none(rng);
    }
    json!({ "workspace_id": one_of("workspace.own", rng) })
}
