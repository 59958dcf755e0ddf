use antiphon_test_support::Rng;
use serde_json::{Value, json};

use super::{Maker, mostly, one_of, step};

pub(super) const STEPS: &[Maker] = &[
    step("canvas.create", 8, create),
    step("canvas.update", 7, update),
    step("canvas.delete", 3, delete),
    step("canvas.restore", 4, restore),
    step("canvas.get", 1, get),
    step("canvas.list", 1, list),
    step("canvas.history", 1, history),
];

fn create(rng: &mut Rng) -> Value {
    let mut params = json!({
        "channel_id": mostly("channel.own", "channel.any", rng),
        "title": rng.pick(&["plan", "\u{1f30d}", ""]),
    });
    if rng.chance(50) {
        params["content"] = content(rng);
    }
    params
}

fn update(rng: &mut Rng) -> Value {
    let mut params = json!({ "canvas_id": mostly("canvas.there", "canvas.any", rng) });
    match rng.below(3) {
        0 => params["title"] = format!("plan {}", rng.below(5)).into(),
        1 => params["content"] = content(rng),
        _ => params["patch"] = json!({ "done": rng.below(5), "left": null }),
    }
    if rng.chance(50) {
        params["expected_revision"] = mostly("revision.newest", "revision.any", rng);
    }
    params
}

fn content(rng: &mut Rng) -> Value {
    json!({ "left": { "steps": [rng.below(5), "water"] } })
}

fn delete(rng: &mut Rng) -> Value {
    let mut params = json!({ "canvas_id": mostly("canvas.there", "canvas.any", rng) });
    if rng.chance(30) {
        params["expected_revision"] = mostly("revision.newest", "revision.any", rng);
    }
    params
}

fn restore(rng: &mut Rng) -> Value {
    if rng.chance(50) {
        return json!({ "canvas_id": mostly("canvas.deleted", "canvas.any", rng) });
    }
    json!({
        "canvas_id": mostly("canvas.there", "canvas.deleted", rng),
        "revision": one_of("revision.any", rng),
    })
}

fn get(rng: &mut Rng) -> Value {
    json!({ "canvas_id": mostly("canvas.there", "canvas.any", rng) })
}

fn list(rng: &mut Rng) -> Value {
    json!({
        "channel_id": mostly("channel.own", "channel.any", rng),
        "since_id": one_of("canvas.of_channel", rng),
        "limit": 1 + rng.below(5),
        "include_deleted": rng.chance(50),
    })
}

fn history(rng: &mut Rng) -> Value {
    json!({ "canvas_id": mostly("canvas.there", "canvas.any", rng), "limit": 1 + rng.below(5) })
}
