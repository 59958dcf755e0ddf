use antiphon_test_support::Rng;
use serde_json::{Value, json};

use super::{Maker, none, one_of, step};

pub(super) const STEPS: &[Maker] = &[
    step("presence.list", 1, list),
    step("presence.set_status_text", 2, set_status_text).relaying("presence.changed"),
];

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
