use antiphon_test_support::Rng;
use serde_json::{Value, json};

use super::{Maker, none, one_of, step};

pub(super) const STEPS: &[Maker] = &[
    step("user.create", 2, create)
        .by_operator()
        .silent("nobody shares anything with somebody new"),
    step("user.me", 1, none),
    step("user.get", 1, get),
];

fn create(rng: &mut Rng) -> Value {
    json!({ "name": format!("new-{}", rng.below(20)) })
}

fn get(rng: &mut Rng) -> Value {
    json!({ "user_id": one_of("user.any", rng) })
}
