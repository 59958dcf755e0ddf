//! What happens next: mostly something that can succeed, sometimes not.

use std::collections::BTreeMap;

use antiphon_api::methods::state::SnapshotResult;
use serde_json::{Value, json};

use crate::support::Random;

const MAX_USERS: i64 = 8;
const MAX_WORKSPACES: i64 = 2;
const MAX_CHANNELS: i64 = 12;

/// Who calls (0: the operator) what.
#[derive(Debug)]
pub(super) struct Op {
    pub(super) caller: i64,
    pub(super) method: &'static str,
    pub(super) params: Value,
}

/// What the planner knows of the server.
#[derive(Clone)]
pub(super) struct World {
    pub(super) users: i64,
    pub(super) workspaces: i64,
    pub(super) channels: i64,
    /// Each with its channel and author.
    messages: Vec<(i64, i64, i64)>,
    /// Each with who made it.
    canvases: Vec<(i64, i64)>,
    /// The channels each user is in.
    joined: BTreeMap<i64, Vec<i64>>,
    /// The workspaces each user is in.
    member_of: BTreeMap<i64, Vec<i64>>,
}

impl World {
    pub(super) fn new(users: i64) -> Self {
        Self {
            users,
            workspaces: 0,
            channels: 0,
            messages: Vec::new(),
            canvases: Vec::new(),
            joined: BTreeMap::new(),
            member_of: BTreeMap::new(),
        }
    }

    /// Takes in the result of a call that was carried out.
    pub(super) fn learn(&mut self, op: &Op, result: &Value) {
        let id = |entity: &str| result[entity]["id"].as_i64().unwrap_or_default();
        match op.method {
            "user.create" => self.users = self.users.max(id("user")),
            "workspace.create" => self.workspaces = self.workspaces.max(id("workspace")),
            "canvas.create" => self.canvases.push((id("canvas"), op.caller)),
            "channel.create" => self.channels = self.channels.max(id("channel")),
            "message.send" => {
                let channel = op.params["channel_id"].as_i64().unwrap_or_default();
                self.messages.push((id("message"), channel, op.caller));
            }
            _ => {}
        }
    }

    pub(super) fn see(&mut self, user: i64, snapshot: &SnapshotResult) {
        let channels = snapshot.channels.iter().map(|channel| channel.id.get());
        self.joined.insert(user, channels.collect());
        let workspaces = snapshot.workspaces.iter().map(|space| space.id.get());
        self.member_of.insert(user, workspaces.collect());
    }
}

pub(super) fn next(random: &mut Random, world: &World) -> Op {
    let dice = Dice {
        caller: 1 + random.below(world.users),
        world,
    };
    match random.below(112) {
        _ if world.workspaces < MAX_WORKSPACES && random.chance(30) => {
            dice.create_workspace(random)
        }
        0..12 => dice.add_to_workspace(random),
        12..15 => dice.remove_from_workspace(random),
        15..23 => dice.create_channel(random),
        23..31 => dice.in_any_channel("channel.join", random),
        31..35 => dice.in_own_channel("channel.leave", random),
        35..42 => dice.with_user("channel.add_member", random),
        42..46 => dice.with_user("channel.remove_member", random),
        46..70 => dice.send(random),
        70..76 => dice.update(random),
        76..84 => dice.delete(random),
        84..94 => dice.mark(random),
        94..96 => dice.create_user(random),
        100..109 => dice.canvas(random),
        109..112 => dice.token(random),
        _ => dice.nonsense(random),
    }
}

struct Dice<'a> {
    caller: i64,
    world: &'a World,
}

impl Dice<'_> {
    fn op(&self, method: &'static str, params: Value) -> Op {
        Op {
            caller: self.caller,
            method,
            params,
        }
    }

    fn anybody(&self, random: &mut Random) -> i64 {
        1 + random.below(self.world.users + 1)
    }

    /// Mostly a workspace the caller is in.
    fn workspace(&self, random: &mut Random) -> i64 {
        let own = self.world.member_of.get(&self.caller);
        match own.and_then(|own| random.pick(own)) {
            Some(own) if random.chance(85) => own,
            _ => 1 + random.below(self.world.workspaces),
        }
    }

    fn any_channel(&self, random: &mut Random) -> i64 {
        1 + random.below(self.world.channels + 1)
    }

    /// Mostly a channel the caller is in.
    fn channel(&self, random: &mut Random) -> i64 {
        let own = self.world.joined.get(&self.caller);
        match own.and_then(|own| random.pick(own)) {
            Some(own) if random.chance(90) => own,
            _ => self.any_channel(random),
        }
    }

    /// Any message there was, or one there never was.
    fn message(&self, random: &mut Random) -> (i64, i64, i64) {
        random
            .pick(&self.world.messages)
            .unwrap_or((999, 1, self.caller))
    }

    fn create_user(&self, random: &mut Random) -> Op {
        let name = if self.world.users < MAX_USERS {
            format!("n{}", self.world.users + 1)
        } else {
            "u1".to_owned()
        };
        let mut op = self.op("user.create", json!({ "name": name }));
        op.caller = random.pick(&[0, 0, 1, self.caller]).unwrap_or(0);
        op
    }

    fn create_workspace(&self, random: &mut Random) -> Op {
        let name = ["team", "club", ""].map(|name| name);
        self.op(
            "workspace.create",
            json!({ "name": random.pick(&name).unwrap_or("team") }),
        )
    }

    fn add_to_workspace(&self, random: &mut Random) -> Op {
        let role = random.pick(&["member", "member", "admin", "owner"]);
        self.op(
            "workspace.add_member",
            json!({
                "workspace_id": self.workspace(random),
                "user_id": self.anybody(random),
                "role": role,
            }),
        )
    }

    fn remove_from_workspace(&self, random: &mut Random) -> Op {
        self.op(
            "workspace.remove_member",
            json!({ "workspace_id": self.workspace(random), "user_id": self.anybody(random) }),
        )
    }

    fn create_channel(&self, random: &mut Random) -> Op {
        let workspace_id = self.workspace(random);
        let kind = random.pick(&["public", "public", "private", "dm"]);
        let params = if kind == Some("dm") || self.world.channels >= MAX_CHANNELS {
            let peers: Vec<i64> = (0..=random.below(2))
                .map(|_| self.anybody(random))
                .collect();
            json!({ "workspace_id": workspace_id, "kind": "dm", "peer_ids": peers })
        } else {
            json!({ "workspace_id": workspace_id, "kind": kind, "name": "room" })
        };
        self.op("channel.create", params)
    }

    fn in_any_channel(&self, method: &'static str, random: &mut Random) -> Op {
        self.op(method, json!({ "channel_id": self.any_channel(random) }))
    }

    fn in_own_channel(&self, method: &'static str, random: &mut Random) -> Op {
        self.op(method, json!({ "channel_id": self.channel(random) }))
    }

    fn with_user(&self, method: &'static str, random: &mut Random) -> Op {
        let (channel, user) = (self.channel(random), self.anybody(random));
        self.op(method, json!({ "channel_id": channel, "user_id": user }))
    }

    fn send(&self, random: &mut Random) -> Op {
        let body = random.pick(&["hello", "“quoted” \u{1}\n", "", "🌍"]);
        self.op(
            "message.send",
            json!({ "channel_id": self.channel(random), "body": body }),
        )
    }

    fn update(&self, random: &mut Random) -> Op {
        let (id, _, author) = self.message(random);
        let mut op = self.op(
            "message.update",
            json!({ "message_id": id, "body": "edited" }),
        );
        if random.chance(70) {
            op.caller = author;
        }
        op
    }

    fn delete(&self, random: &mut Random) -> Op {
        let (id, _, author) = self.message(random);
        let mut op = self.op("message.delete", json!({ "message_id": id }));
        if random.chance(50) {
            op.caller = author;
        }
        op
    }

    /// Mostly of the right channel.
    fn mark(&self, random: &mut Random) -> Op {
        let (id, channel, _) = self.message(random);
        let channel = if random.chance(90) {
            channel
        } else {
            self.channel(random)
        };
        self.op(
            "read.mark",
            json!({ "channel_id": channel, "message_id": id }),
        )
    }

    /// Any canvas there was, or one there never was, in a state that may not allow it.
    fn canvas(&self, random: &mut Random) -> Op {
        let known = random.pick(&self.world.canvases);
        let (canvas, maker) = known.unwrap_or((999, self.caller));
        let revision = 1 + random.below(4);
        let of_canvas = [
            (
                "canvas.update",
                json!({ "canvas_id": canvas, "patch": { "n": revision } }),
            ),
            (
                "canvas.update",
                json!({ "canvas_id": canvas, "title": "t", "expected_revision": revision }),
            ),
            ("canvas.delete", json!({ "canvas_id": canvas })),
            ("canvas.restore", json!({ "canvas_id": canvas })),
            (
                "canvas.restore",
                json!({ "canvas_id": canvas, "revision": revision }),
            ),
        ];
        if random.chance(35) {
            let channel = self.channel(random);
            return self.op(
                "canvas.create",
                json!({ "channel_id": channel, "title": "plan" }),
            );
        }
        let index = usize::try_from(random.below(5)).unwrap_or(0);
        let (method, params) = of_canvas[index].clone();
        let mut op = self.op(method, params);
        if random.chance(70) {
            op.caller = maker;
        }
        op
    }

    /// By an administrator, or by somebody who may not.
    fn token(&self, random: &mut Random) -> Op {
        let user = self.anybody(random);
        let mut op = if random.chance(50) {
            self.op("token.issue", json!({ "user_id": user, "ttl_ms": 60_000 }))
        } else {
            self.op("token.revoke", json!({ "user_id": user }))
        };
        op.caller = random.pick(&[0, 1, self.caller]).unwrap_or(0);
        op
    }

    fn nonsense(&self, random: &mut Random) -> Op {
        let odd = [
            ("message.send", json!({ "channel_id": 1 })),
            ("message.send", json!({ "channel_id": "1", "body": "x" })),
            (
                "channel.create",
                json!({ "workspace_id": 1, "kind": "open" }),
            ),
            ("channel.create", json!({ "workspace_id": 1, "kind": "dm" })),
            ("workspace.create", json!({ "name": "a\u{7}b" })),
            ("read.mark", json!({ "channel_id": 0, "message_id": -1 })),
            ("events.replay", json!({})),
            ("no.such", json!({})),
        ];
        let index = usize::try_from(random.below(8)).unwrap_or(0);
        let (method, params) = odd[index].clone();
        self.op(method, params)
    }
}
