//! What looks at the state and the log as a whole.

use antiphon_test_support::Rng;
use serde_json::{Value, json};

use super::{Maker, none, one_of, step};

pub(super) const STEPS: &[Maker] = &[
    step("state.snapshot", 1, none),
    step("server.health", 1, none),
    step("events.replay", 1, replay).by_operator(),
];

fn replay(rng: &mut Rng) -> Value {
    json!({
        "user_id": one_of("user.any", rng),
        "after": one_of("position", rng),
        "through": one_of("position", rng),
        "first": true,
    })
}
