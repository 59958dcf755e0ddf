//! Tickets and revocations; without a `jti` a revocation ends every token of its user.

use antiphon_test_support::Rng;
use serde_json::{Value, json};

use super::{Maker, none, one_of, result_of, step};

pub(super) const STEPS: &[Maker] = &[
    step("session.ticket", 2, none),
    step("session.redeem", 2, redeem).by_operator(),
    step("session.revoke", 1, revoke).by_operator(),
];

fn redeem(rng: &mut Rng) -> Value {
    json!({ "ticket": result_of("session.ticket", "/ticket", rng) })
}

fn revoke(rng: &mut Rng) -> Value {
    json!({
        "user_id": one_of("user.without_tabs", rng),
        "jti": format!("lost-{}", rng.below(10)),
        "until": 4_102_444_800_000_i64,
    })
}
