use antiphon_test_support::Rng;
use serde_json::{Value, json};

use super::{Maker, none, one_of, step};

pub(super) const STEPS: &[Maker] = &[
    step("presence.list", 1, list),
    step("presence.set_status_text", 2, set_status_text).relaying("presence.changed"),
    step("presence.update", 1, set_status_text).relaying("presence.changed"),
    step("presence.set", 3, set).relaying("presence.changed"),
    step("presence.mark_connection", 1, mark_connection).by_operator(),
];

/// Later than any plan.
const IN_2100: i64 = 4_102_444_800_000;

fn list(rng: &mut Rng) -> Value {
    if rng.chance(50) {
        return none(rng);
    }
    json!({ "user_ids": [one_of("user.any", rng), one_of("user.any", rng)] })
}

fn set_status_text(rng: &mut Rng) -> Value {
    json!({
        "text": format!("status {}", rng.below(1_000)),
        "emoji": rng.pick(&["tea", "\u{2615}"]),
    })
}

fn set(rng: &mut Rng) -> Value {
    let state = *rng.pick(&["online", "away", "dnd", "invisible"]);
    let mut params = json!({ "state": state });
    if state != "online" && rng.chance(30) {
        params["until"] = IN_2100.into();
    }
    params
}

fn mark_connection(rng: &mut Rng) -> Value {
    json!({
        "gateway": rng.pick(&["edge-1", "edge-2"]),
        "user_id": one_of("user.any", rng),
        "tab": rng.below(3),
        "state": rng.pick(&["visible", "hidden", "closed"]),
    })
}
