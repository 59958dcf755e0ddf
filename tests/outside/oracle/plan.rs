//! A plan: what happens, as data that a seed makes and a file keeps.

use std::path::Path;

use antiphon_api::frame::Visibility;
use antiphon_test_support::Rng;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::steps;

pub(super) const USERS: i64 = 8;
pub(super) const TABS: usize = 3;
pub(super) const STEPS: usize = 200;

/// How likely each user's snapshot is taken after each step, in a hundred. Which ones are taken
/// differs by seed, so that many seeds see all pairs.
const GLANCES: usize = 20;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Plan {
    /// Decides who is glanced at when.
    pub(super) seed: u64,
    /// In a hundred.
    pub(super) glances: usize,
    pub(super) steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub(super) enum Step {
    Call(Call),
    /// Makes the nth answered call that had a key again.
    Repeat {
        nth: usize,
    },
    /// A tab goes away and keeps what it knows.
    Disconnect(Seat),
    /// It comes back with its position.
    Connect(Seat),
    /// It comes back knowing nothing.
    Reload(Seat),
    Visibility {
        user: i64,
        number: usize,
        state: Visibility,
    },
    /// Killed and started.
    RestartServer,
    RestartGateway,
    /// Everybody and everything is compared.
    Look,
}

impl Step {
    pub(super) const fn as_call(&self) -> Option<&Call> {
        if let Self::Call(call) = self {
            Some(call)
        } else {
            None
        }
    }
}

/// One of a user's tabs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Seat {
    pub(super) user: i64,
    pub(super) number: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Call {
    /// 0 is the operator. Another user calls if there is nothing for this one to call about.
    pub(super) caller: i64,
    pub(super) method: String,
    /// With references, which are looked up when the call is made.
    pub(super) params: Value,
    pub(super) key: Option<String>,
    pub(super) route: Route,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Route {
    /// The server's rpc.sock.
    Server,
    /// `POST /rpc` at the gateway.
    Gateway,
    /// The socket of one of the caller's tabs.
    Tab(usize),
}

impl Plan {
    pub(super) fn of(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let mut steps = Vec::from_iter(beginning());
        while steps.len() < STEPS {
            let number = steps.len();
            steps.push(next(&mut rng, number));
        }
        Self {
            seed,
            glances: GLANCES,
            steps,
        }
    }

    /// The same seed with other steps, and a snapshot of everybody after each.
    pub(super) fn with(&self, steps: Vec<Step>) -> Self {
        Self {
            seed: self.seed,
            glances: 100,
            steps,
        }
    }

    /// A line for each of its steps.
    pub(super) fn told(&self) -> String {
        let line = |step| serde_json::to_string(step).expect("a step is JSON") + "\n";
        self.steps.iter().map(line).collect()
    }

    pub(super) fn load(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).expect("the plan can be read");
        serde_json::from_str(&text).expect("the file holds a plan")
    }

    pub(super) fn save(&self, path: &Path) {
        let text = serde_json::to_string_pretty(self).expect("a plan is JSON");
        std::fs::write(path, text).expect("the plan can be written");
    }
}

/// Users 1 to 6 in the demo workspace, users 7 and 8 in one of their own with two of the others, and
/// channels with people in both.
fn beginning() -> impl Iterator<Item = Step> {
    let member =
        |workspace, user, role| json!({ "workspace_id": workspace, "user_id": user, "role": role });
    let channel =
        |workspace, kind| json!({ "workspace_id": workspace, "kind": kind, "name": kind });
    let dm = json!({ "workspace_id": 2, "kind": "dm", "peer_ids": [8] });
    let in_channel = |channel, user| json!({ "channel_id": channel, "user_id": user });
    let join = || json!({ "channel_id": 1 });
    let calls = [
        (1, "workspace.add_member", member(1, 4, "member")),
        (1, "workspace.add_member", member(1, 5, "admin")),
        (1, "workspace.add_member", member(1, 6, "member")),
        (4, "channel.join", join()),
        (5, "channel.join", join()),
        (6, "channel.join", join()),
        (1, "workspace.create", json!({ "name": "away" })),
        (1, "workspace.add_member", member(2, 7, "admin")),
        (1, "workspace.add_member", member(2, 8, "admin")),
        (1, "workspace.add_member", member(2, 4, "guest")),
        (1, "workspace.set_role", member(2, 7, "owner")),
        (7, "workspace.set_role", member(2, 1, "member")),
        (7, "channel.create", dm),
        (7, "channel.create", channel(2, "public")),
        (7, "channel.add_member", in_channel(4, 8)),
        (7, "channel.add_member", in_channel(4, 1)),
        (7, "channel.add_member", in_channel(4, 4)),
        (1, "channel.create", channel(1, "private")),
        (1, "channel.add_member", in_channel(5, 2)),
        (1, "channel.add_member", in_channel(5, 5)),
    ];
    calls.into_iter().map(|(caller, method, params)| {
        Step::Call(Call {
            caller,
            method: method.to_owned(),
            params,
            key: None,
            route: Route::Server,
        })
    })
}

fn next(rng: &mut Rng, number: usize) -> Step {
    match rng.below(1_000) {
        0..35 => Step::Disconnect(seat(rng)),
        35..85 => Step::Connect(seat(rng)),
        85..95 => Step::Reload(seat(rng)),
        95..115 => {
            let Seat { user, number } = seat(rng);
            let state = *rng.pick(&[Visibility::Visible, Visibility::Hidden]);
            Step::Visibility {
                user,
                number,
                state,
            }
        }
        115..125 => Step::RestartServer,
        125..135 => Step::RestartGateway,
        135..160 => Step::Look,
        160..175 => Step::Repeat { nth: rng.below(64) },
        _ => Step::Call(call(rng, number)),
    }
}

fn seat(rng: &mut Rng) -> Seat {
    Seat {
        user: somebody(rng),
        number: rng.below(TABS),
    }
}

fn somebody(rng: &mut Rng) -> i64 {
    1 + i64::try_from(rng.below(8)).expect("is small") % USERS
}

fn call(rng: &mut Rng, number: usize) -> Call {
    let maker = steps::draw(rng);
    let mut params = (maker.params)(rng);
    if rng.chance(3) {
        steps::spoil(&mut params, rng);
    }
    let operator = maker.by_operator || rng.chance(1);
    Call {
        caller: if operator { 0 } else { somebody(rng) },
        method: maker.method.to_owned(),
        params,
        key: rng.chance(25).then(|| format!("key-{number}")),
        route: match rng.below(4) {
            _ if operator => Route::Server,
            0 | 1 => Route::Server,
            2 => Route::Gateway,
            _ => Route::Tab(rng.below(TABS)),
        },
    }
}
