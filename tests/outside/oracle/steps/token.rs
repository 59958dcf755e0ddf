//! Tokens that nobody connects with: all that a user has are only ended for those without tabs.

use antiphon_test_support::Rng;
use serde_json::{Value, json};

use super::{Maker, mostly, none, one_of, step};

pub(super) const STEPS: &[Maker] = &[
    step("token.issue", 5, issue).by_operator(),
    step("token.list", 1, list),
    step("token.revoke", 3, revoke),
];

fn issue(rng: &mut Rng) -> Value {
    json!({
        "user_id": one_of("user.any", rng),
        "ttl_ms": 3_600_000,
        "kind": rng.pick(&["user", "widget", "overlay"]),
    })
}

fn list(rng: &mut Rng) -> Value {
    if rng.chance(80) {
        return none(rng);
    }
    json!({ "user_id": one_of("user.any", rng) })
}

fn revoke(rng: &mut Rng) -> Value {
    if rng.chance(80) {
        return json!({ "jti": mostly("token.own", "token.any", rng) });
    }
    json!({ "user_id": one_of("user.without_tabs", rng) })
}
