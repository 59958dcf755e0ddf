use antiphon_test_support::Rng;
use serde_json::{Value, json};

use super::{Maker, one_of, step};

pub(super) const STEPS: &[Maker] = &[
    step("events.list", 8, list),
    step("events.replay", 1, replay).by_operator(),
];

fn list(rng: &mut Rng) -> Value {
    let mut params = json!({ "limit": 1 + rng.below(20) });
    if rng.chance(50) {
        params["after"] = one_of("position", rng);
    }
    if rng.chance(50) {
        params["type"] = "message.created".into();
    }
    params
}

fn replay(rng: &mut Rng) -> Value {
    json!({
        "user_id": one_of("user.any", rng),
        "after": one_of("position", rng),
        "through": one_of("position", rng),
        "first": true,
    })
}
