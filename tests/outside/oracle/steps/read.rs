use antiphon_test_support::Rng;
use serde_json::{Value, json};

use super::{Maker, mostly, step};

pub(super) const STEPS: &[Maker] = &[step("read.mark", 10, mark)];

fn mark(rng: &mut Rng) -> Value {
    json!({
        "channel_id": mostly("channel.own", "channel.any", rng),
        "message_id": mostly("message.of_channel", "message.any", rng),
    })
}
