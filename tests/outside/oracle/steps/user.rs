//! People. Those who lose their right to sign in are never the ones with tabs.

use antiphon_test_support::Rng;
use serde_json::{Value, json};

use super::{Maker, mostly, none, one_of, step};

pub(super) const STEPS: &[Maker] = &[
    step("user.create", 2, create).by_operator(),
    step("user.me", 1, none),
    step("user.get", 1, get),
    step("user.list", 1, list),
    step("user.update", 3, update),
    step("user.deactivate", 1, deactivate).by_operator(),
    step("user.provision", 2, provision).by_operator(),
    step("user.resolve", 1, resolve).by_operator(),
    step("user.get_preferences", 1, none),
    step("user.set_preferences", 3, set_preferences),
];

fn create(rng: &mut Rng) -> Value {
    let mut params = json!({ "name": format!("new-{}", rng.below(20)) });
    if rng.chance(30) {
        params["external_id"] = external_id(rng).into();
    }
    params
}

fn get(rng: &mut Rng) -> Value {
    json!({ "user_id": mostly("user.colleague", "user.any", rng) })
}

fn list(rng: &mut Rng) -> Value {
    let mut params = json!({
        "workspace_id": mostly("workspace.own", "workspace.any", rng),
        "limit": 1 + rng.below(5),
    });
    if rng.chance(50) {
        params["since_id"] = one_of("user.any", rng);
    }
    params
}

fn update(rng: &mut Rng) -> Value {
    let mut params = json!({ "display_name": format!("Display {}", rng.below(5)) });
    if rng.chance(40) {
        params["name"] = format!("name-{}", rng.below(30)).into();
    }
    if rng.chance(20) {
        params["user_id"] = one_of("user.any", rng);
    }
    params
}

fn deactivate(rng: &mut Rng) -> Value {
    json!({ "user_id": one_of("user.without_tabs", rng) })
}

fn provision(rng: &mut Rng) -> Value {
    let mut params = json!({ "external_id": external_id(rng) });
    if rng.chance(50) {
        params["display_name"] = format!("Display {}", rng.below(5)).into();
    }
    params
}

fn resolve(rng: &mut Rng) -> Value {
    json!({ "external_id": mostly("user.external_id", "user.name", rng) })
}

fn external_id(rng: &mut Rng) -> String {
    format!("crm {}", rng.below(6))
}

fn set_preferences(rng: &mut Rng) -> Value {
    let values = [
        json!("dark"),
        json!({ "width": 240 }),
        json!({ "width": null }),
        json!([1, null]),
        json!(null),
    ];
    json!({ "values": { *rng.pick(&["theme", "sidebar"]): rng.pick(&values) } })
}
