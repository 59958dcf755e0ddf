//! The writers: each sends what it thinks of, again and again under the same key until it is
//! answered, and keeps a record.

use std::{collections::BTreeSet, sync::atomic::Ordering, thread, time::Duration};

use antiphon_test_support::Rng;
use serde_json::{Value, json};

use super::{MUTATIONS, WRITERS, World, id};

/// A call that cannot be decided is repeated after this.
const PAUSE: Duration = Duration::from_millis(10);

/// What became of a mutation.
#[derive(Debug, PartialEq)]
pub(super) enum Outcome {
    Answered(Value),
    Refused(i64),
    /// The connection was lost and the writer did not ask again.
    GivenUp,
}

/// A mutation, as its writer knows it.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) key: String,
    pub(super) method: &'static str,
    pub(super) user: i64,
    pub(super) params: Value,
    pub(super) attempts: usize,
    pub(super) outcome: Outcome,
    /// Who is to hear of it, where the writer knows that by itself.
    pub(super) audience: Option<BTreeSet<i64>>,
}

struct Writer<'a> {
    world: &'a World,
    rng: Rng,
    number: usize,
    /// Its messages in fixed channels: id, author, index of the channel.
    mine: Vec<(i64, i64, usize)>,
    /// Who is in the channel it rules.
    members: BTreeSet<i64>,
    records: Vec<Record>,
}

impl Outcome {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Answered(_) => "answered",
            Self::Refused(_) => "refused",
            Self::GivenUp => "given up",
        }
    }
}

/// Writes its part.
pub(super) fn write(world: &World, number: usize, rng: Rng) -> Vec<Record> {
    let mut writer = Writer {
        world,
        rng,
        number,
        mine: Vec::new(),
        members: BTreeSet::from([world.users[number]]),
        records: Vec::new(),
    };
    while writer.records.len() < MUTATIONS / WRITERS {
        writer.mutate();
    }
    writer.records
}

impl Writer<'_> {
    fn mutate(&mut self) {
        match self.rng.below(100) {
            0..50 => self.send(),
            50..62 => self.send_in_own_channel(),
            62..72 => self.send_in_anothers_channel(),
            72..80 => self.update(),
            80..85 => self.delete(),
            85..92 => self.mark(),
            _ => self.change_members(),
        }
    }

    fn send(&mut self) {
        let world = self.world;
        let index = self.rng.below(world.fixed.len());
        let (channel, members) = &world.fixed[index];
        let author = self.member(members);
        let params = json!({ "channel_id": channel });
        let outcome = self.call("message.send", author, params, Some(members.clone()), true);
        if let Some(sent) = outcome {
            self.mine.push((id(&sent["message"]["id"]), author, index));
        }
    }

    /// Never given up: what is carried out later might meet other members.
    fn send_in_own_channel(&mut self) {
        let author = self.world.users[self.number];
        let params = json!({ "channel_id": self.world.churned[self.number] });
        let audience = Some(self.members.clone());
        self.call("message.send", author, params, audience, false);
    }

    /// As a user who may or may not be a member at that moment.
    fn send_in_anothers_channel(&mut self) {
        let world = self.world;
        let author = *self.rng.pick(&world.users);
        let params = json!({ "channel_id": self.rng.pick(&world.churned) });
        self.call("message.send", author, params, None, true);
    }

    fn update(&mut self) {
        let Some((message, author, index)) = self.one_of_mine() else {
            return;
        };
        let audience = Some(self.world.fixed[index].1.clone());
        let params = json!({ "message_id": message });
        self.call("message.update", author, params, audience, true);
    }

    fn delete(&mut self) {
        let Some((message, author, index)) = self.one_of_mine() else {
            return;
        };
        self.mine.retain(|(id, ..)| *id != message);
        let audience = Some(self.world.fixed[index].1.clone());
        let params = json!({ "message_id": message });
        self.call("message.delete", author, params, audience, true);
    }

    fn mark(&mut self) {
        let Some((message, _, index)) = self.one_of_mine() else {
            return;
        };
        let world = self.world;
        let (channel, members) = &world.fixed[index];
        let reader = self.member(members);
        let params = json!({ "channel_id": channel, "message_id": message });
        self.call("read.mark", reader, params, None, true);
    }

    /// Never given up, so that the writer always knows who is in.
    fn change_members(&mut self) {
        let world = self.world;
        let ruler = world.users[self.number];
        let user = *self.rng.pick(&world.users);
        if user == ruler {
            return;
        }
        let params = json!({ "channel_id": world.churned[self.number], "user_id": user });
        let method = if self.members.insert(user) {
            "channel.add_member"
        } else {
            self.members.remove(&user);
            "channel.remove_member"
        };
        self.call(method, ruler, params, None, false);
    }

    fn member(&mut self, of: &BTreeSet<i64>) -> i64 {
        let members: Vec<_> = of.iter().copied().collect();
        *self.rng.pick(&members)
    }

    fn one_of_mine(&mut self) -> Option<(i64, i64, usize)> {
        (!self.mine.is_empty()).then(|| *self.rng.pick(&self.mine))
    }

    /// Calls until there is an answer, which it returns if it is a result.
    fn call(
        &mut self,
        method: &'static str,
        user: i64,
        mut params: Value,
        audience: Option<BTreeSet<i64>>,
        may_give_up: bool,
    ) -> Option<Value> {
        let key = format!("{}-{}", self.number, self.records.len());
        params["idempotency_key"] = json!(key);
        if matches!(method, "message.send" | "message.update") {
            params["body"] = json!(key);
        }
        let mut attempts = 0;
        let outcome = loop {
            attempts += 1;
            let route = self.world.route(user, &mut self.rng);
            match route.try_call(method, params.clone()) {
                Ok(Ok(result)) => break Outcome::Answered(result),
                Ok(Err(error)) if error["code"] != -32050 => {
                    break Outcome::Refused(id(&error["code"]));
                }
                Ok(Err(_)) | Err(_) if may_give_up && self.rng.chance(5) => break Outcome::GivenUp,
                Ok(Err(_)) | Err(_) => thread::sleep(PAUSE),
            }
        };
        let result = match &outcome {
            Outcome::Answered(result) => Some(result.clone()),
            Outcome::Refused(_) | Outcome::GivenUp => None,
        };
        self.world.written.fetch_add(1, Ordering::SeqCst);
        self.records.push(Record {
            key,
            method,
            user,
            params,
            attempts,
            outcome,
            audience,
        });
        result
    }
}
