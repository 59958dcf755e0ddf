use antiphon_test_support::Rng;
use serde_json::{Value, json};

use super::{Maker, none, result_of, step};

pub(super) const STEPS: &[Maker] = &[
    step("session.ticket", 2, none),
    step("session.redeem", 2, redeem).by_operator(),
    step("probe.ticket", 1, none).by_operator(),
    step("probe.send", 2, probe).by_operator(),
];

fn probe(rng: &mut Rng) -> Value {
    json!({ "nonce": rng.below(1 << 30).to_string() })
}

fn redeem(rng: &mut Rng) -> Value {
    json!({ "ticket": result_of("session.ticket", "/ticket", rng) })
}
