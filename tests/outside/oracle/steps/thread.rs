use antiphon_test_support::Rng;
use serde_json::{Value, json};

use super::{Maker, message::BODIES, mostly, one_of, step};

pub(super) const STEPS: &[Maker] = &[
    step("thread.reply", 12, reply),
    step("thread.follow", 4, follow),
    step("thread.unfollow", 3, unfollow),
    step("thread.read", 6, read),
    step("thread.get", 1, unfollow),
    step("thread.list", 1, list),
    step("thread.messages", 1, messages),
];

fn reply(rng: &mut Rng) -> Value {
    let again = rng.chance(50);
    let usual = if again {
        "root.answered"
    } else {
        "root.readable"
    };
    json!({ "thread_id": mostly(usual, "message.any", rng), "body": rng.pick(BODIES) })
}

fn follow(rng: &mut Rng) -> Value {
    json!({ "thread_id": mostly("root.readable", "message.any", rng) })
}

fn unfollow(rng: &mut Rng) -> Value {
    json!({ "thread_id": mostly("thread.followed", "root.readable", rng) })
}

fn read(rng: &mut Rng) -> Value {
    json!({
        "thread_id": mostly("thread.followed", "root.answered", rng),
        "message_id": mostly("reply.of_thread", "message.any", rng),
    })
}

fn list(rng: &mut Rng) -> Value {
    let mut params = json!({ "limit": 1 + rng.below(5) });
    if rng.chance(50) {
        params["channel_id"] = mostly("channel.own", "channel.any", rng);
    }
    if rng.chance(20) {
        params["before_id"] = one_of("root.readable", rng);
    }
    params
}

fn messages(rng: &mut Rng) -> Value {
    let mut params = json!({
        "thread_id": mostly("root.answered", "message.any", rng),
        "limit": 1 + rng.below(5),
    });
    if rng.chance(50) {
        params["since_id"] = one_of("reply.of_thread", rng);
    }
    params
}
