use antiphon_test_support::Rng;
use serde_json::{Value, json};

use super::{Maker, mostly, step};

pub(super) const STEPS: &[Maker] = &[
    step("workspace.create", 2, create),
    step("workspace.add_member", 12, add_member),
    step("workspace.remove_member", 3, remove_member),
];

fn create(rng: &mut Rng) -> Value {
    json!({ "name": rng.pick(&["team", "club", "\u{1f30d}", ""]) })
}

fn add_member(rng: &mut Rng) -> Value {
    json!({
        "workspace_id": mostly("workspace.ruled", "workspace.any", rng),
        "user_id": mostly("user.not_in_workspace", "user.any", rng),
        "role": rng.pick(&["member", "member", "admin", "owner"]),
    })
}

fn remove_member(rng: &mut Rng) -> Value {
    json!({
        "workspace_id": mostly("workspace.ruled", "workspace.own", rng),
        "user_id": mostly("user.of_workspace", "user.any", rng),
    })
}
