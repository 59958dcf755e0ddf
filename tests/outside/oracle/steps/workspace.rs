use antiphon_api::entities::{Permission, Role};
use antiphon_test_support::Rng;
use serde_json::{Value, json};

use super::{Maker, mostly, none, one_of, step};

pub(super) const STEPS: &[Maker] = &[
    step("workspace.create", 2, create),
    step("workspace.get", 1, get),
    step("workspace.list", 1, none),
    step("workspace.members", 1, members),
    step("workspace.add_member", 10, add_member),
    step("workspace.remove_member", 2, remove_member),
    step("workspace.update", 2, update),
    step("workspace.set_role", 4, set_role),
    step("workspace.set_permissions", 3, set_permissions),
    step("workspace.delete", 1, delete),
];

const NAMES: &[&str] = &["team", "club", "\u{1f30d}", ""];

fn create(rng: &mut Rng) -> Value {
    json!({ "name": rng.pick(NAMES) })
}

fn get(rng: &mut Rng) -> Value {
    json!({ "workspace_id": mostly("workspace.own", "workspace.any", rng) })
}

fn members(rng: &mut Rng) -> Value {
    let mut params = get(rng);
    params["limit"] = (1 + rng.below(5)).into();
    if rng.chance(50) {
        params["since_id"] = one_of("user.of_workspace", rng);
    }
    params
}

fn add_member(rng: &mut Rng) -> Value {
    json!({
        "workspace_id": mostly("workspace.ruled", "workspace.any", rng),
        "user_id": mostly("user.not_in_workspace", "user.any", rng),
        "role": rng.pick(&["member", "member", "member", "admin", "guest"]),
    })
}

fn remove_member(rng: &mut Rng) -> Value {
    json!({
        "workspace_id": mostly("workspace.ruled", "workspace.own", rng),
        "user_id": mostly("user.below_owner", "user.any", rng),
    })
}

fn update(rng: &mut Rng) -> Value {
    json!({
        "workspace_id": mostly("workspace.ruled", "workspace.own", rng),
        "name": rng.pick(NAMES),
    })
}

fn set_role(rng: &mut Rng) -> Value {
    let (workspaces, role) = match rng.below(10) {
        0..2 => ("workspace.owned", Role::Owner),
        2..5 => ("workspace.ruled", Role::Admin),
        5..8 => ("workspace.ruled", Role::Member),
        _ => ("workspace.ruled", Role::Guest),
    };
    json!({
        "workspace_id": mostly(workspaces, "workspace.own", rng),
        "user_id": mostly("user.below_owner", "user.any", rng),
        "role": role,
    })
}

/// The usual ones but for one, so that talk goes on.
fn set_permissions(rng: &mut Rng) -> Value {
    let role = *rng.pick(&[Role::Admin, Role::Member, Role::Member, Role::Guest]);
    let mut permissions = role.usual_permissions();
    let other = *rng.pick(Permission::ALL);
    match permissions.iter().position(|one| *one == other) {
        Some(place) => drop(permissions.remove(place)),
        None => permissions.push(other),
    }
    json!({
        "workspace_id": mostly("workspace.owned", "workspace.ruled", rng),
        "role": role,
        "permissions": permissions,
    })
}

fn delete(rng: &mut Rng) -> Value {
    json!({ "workspace_id": mostly("workspace.spare", "workspace.own", rng) })
}
