use antiphon_test_support::Rng;
use serde_json::{Value, json};

use super::{Maker, mostly, step};

pub(super) const STEPS: &[Maker] = &[step("typing.relay", 4, relay).relaying("typing.started")];

fn relay(rng: &mut Rng) -> Value {
    json!({ "channel_id": mostly("channel.own", "channel.any", rng) })
}
