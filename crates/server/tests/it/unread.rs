//! What is unread, against a model that remembers everything and recounts after each step.
//!
//! Each run is told by its seed, which is printed when it fails.

use std::collections::{BTreeMap, BTreeSet};

use antiphon_test_support::Rng;
use serde_json::{Value, json};

use crate::support::{Talk, call, must};

const USERS: [i64; 3] = [1, 2, 3];
const STEPS: usize = 150;

#[derive(Debug)]
struct Said {
    channel: i64,
    author: i64,
    thread: Option<i64>,
    names: BTreeSet<i64>,
    everyone: bool,
}

/// Everything that was said, by id, and how far everybody has read.
#[derive(Default)]
struct Model {
    said: BTreeMap<i64, Said>,
    next: i64,
    /// By channel and user, for as long as the user is in it.
    cursors: BTreeMap<(i64, i64), i64>,
    /// By root and user.
    follows: BTreeMap<(i64, i64), i64>,
}

impl Model {
    fn newest(&self, channel: i64, thread: Option<i64>) -> i64 {
        let here = self.said.iter().rev();
        let mut here = here.filter(|(_, said)| (said.channel, said.thread) == (channel, thread));
        here.next().map_or(0, |(id, _)| *id)
    }

    fn join(&mut self, channel: i64, user: i64) {
        let newest = self.newest(channel, None);
        self.cursors.entry((channel, user)).or_insert(newest);
    }

    fn leave(&mut self, channel: i64, user: i64) {
        self.cursors.remove(&(channel, user));
        let said = &self.said;
        let stays = |root: &i64| said.get(root).is_none_or(|root| root.channel != channel);
        self.follows
            .retain(|(root, who), _| *who != user || stays(root));
    }

    fn say(&mut self, channel: i64, author: i64, thread: Option<i64>, body: &str) {
        self.next += 1;
        let named = USERS
            .into_iter()
            .filter(|user| body.contains(&format!("@u{user}")));
        let names = named.filter(|user| self.cursors.contains_key(&(channel, *user)));
        let said = Said {
            channel,
            author,
            thread,
            names: names.filter(|user| *user != author).collect(),
            everyone: body.contains("@channel"),
        };
        if let Some(root) = thread {
            let earlier = self.newest(channel, thread);
            let is_first = !self.said.values().any(|said| said.thread == thread);
            let wrote = self.said[&root].author;
            self.follows.entry((root, author)).or_insert(self.next);
            for user in &said.names {
                self.follows.entry((root, *user)).or_insert(earlier);
            }
            if is_first && self.cursors.contains_key(&(channel, wrote)) {
                self.follows.entry((root, wrote)).or_insert(earlier);
            }
        }
        self.said.insert(self.next, said);
    }

    fn delete(&mut self, id: i64) {
        self.said
            .retain(|other, said| *other != id && said.thread != Some(id));
        self.follows.retain(|(root, _), _| *root != id);
    }

    fn count(&self, channel: i64, thread: Option<i64>, user: i64, cursor: i64) -> Value {
        let above = self.said.range(cursor + 1..).map(|(_, said)| said);
        let here = above.filter(|said| (said.channel, said.thread) == (channel, thread));
        let unread: Vec<&Said> = here.filter(|said| said.author != user).collect();
        let mentions = unread
            .iter()
            .filter(|said| said.everyone || said.names.contains(&user));
        json!([unread.len(), mentions.count()])
    }

    /// What a snapshot of the user has to say: channels, and threads.
    fn told(&self, user: i64) -> (Value, Value) {
        let mine = |((place, who), cursor): (&(i64, i64), &i64)| {
            (*who == user).then_some((*place, *cursor))
        };
        let or_null = |cursor| {
            if cursor == 0 {
                Value::Null
            } else {
                json!(cursor)
            }
        };
        let reads = self
            .cursors
            .iter()
            .filter_map(mine)
            .map(|(channel, cursor)| {
                json!([
                    channel,
                    or_null(cursor),
                    self.count(channel, None, user, cursor)
                ])
            });
        let threads = self.follows.iter().filter_map(mine).map(|(root, cursor)| {
            let channel = self.said[&root].channel;
            json!([
                root,
                or_null(cursor),
                self.count(channel, Some(root), user, cursor)
            ])
        });
        (reads.collect(), threads.collect())
    }
}

/// One step: a call, and what it does to the model if it succeeds.
async fn step(talk: &Talk, model: &mut Model, rng: &mut Rng) -> String {
    let user = *rng.pick(&USERS);
    let channel = rng.range(1, 2);
    let rpc = talk.house.user(user);
    let mut all: Vec<i64> = model.said.keys().copied().collect();
    if all.is_empty() {
        all.push(1);
    }
    let id = *rng.pick(&all);
    let body = rng.pick(&["x", "x", "@u1 @u2", "@u3", "@channel", "@channel @u2"]);
    let (method, params) = match rng.below(12) {
        0..3 => (
            "message.send",
            json!({ "channel_id": channel, "body": body }),
        ),
        3..5 => ("thread.reply", json!({ "thread_id": id, "body": body })),
        5 => ("message.delete", json!({ "message_id": id })),
        6 => {
            let ids = [id, *rng.pick(&all)];
            (
                "message.bulk_delete",
                json!({ "channel_id": channel, "message_ids": ids }),
            )
        }
        7 => (
            "read.mark",
            json!({ "channel_id": channel, "message_id": id }),
        ),
        8 => (
            "read.mark_unread",
            json!({ "channel_id": channel, "message_id": id }),
        ),
        9 => match rng.below(3) {
            0 => ("read.mark_all", json!({})),
            1 => ("thread.follow", json!({ "thread_id": id })),
            _ => ("thread.unfollow", json!({ "thread_id": id })),
        },
        10 => {
            let thread = model
                .said
                .get(&id)
                .and_then(|said| said.thread)
                .unwrap_or(id);
            (
                "thread.read",
                json!({ "thread_id": thread, "message_id": id }),
            )
        }
        _ if rng.chance(30) => ("channel.leave", json!({ "channel_id": channel })),
        _ => ("channel.join", json!({ "channel_id": channel })),
    };
    let outcome = call(&rpc, method, params.clone()).await;
    if outcome.is_ok() {
        learn(model, user, method, &params);
    }
    format!("{user} {method} {params}: {outcome:?}")
}

fn learn(model: &mut Model, user: i64, method: &str, params: &Value) {
    let of = |field: &str| params[field].as_i64().unwrap_or_default();
    let (channel, id, thread) = (of("channel_id"), of("message_id"), of("thread_id"));
    let body = params["body"].as_str().unwrap_or_default();
    match method {
        "message.send" => model.say(channel, user, None, body),
        "thread.reply" => model.say(model.said[&thread].channel, user, Some(thread), body),
        "message.delete" => model.delete(id),
        "message.bulk_delete" => {
            let ids = params["message_ids"].as_array().expect("ids");
            ids.iter()
                .filter_map(Value::as_i64)
                .for_each(|id| model.delete(id));
        }
        "read.mark" => {
            let cursor = model.cursors.entry((channel, user)).or_default();
            *cursor = id.max(*cursor);
        }
        "read.mark_unread" => {
            let below = model.said.range(..id).rev();
            let mut below =
                below.filter(|(_, said)| (said.channel, said.thread) == (channel, None));
            let below = below.next().map_or(0, |(id, _)| *id);
            model.cursors.insert((channel, user), below);
        }
        "read.mark_all" => {
            for channel in [1, 2] {
                let newest = model.newest(channel, None);
                if let Some(cursor) = model.cursors.get_mut(&(channel, user)) {
                    *cursor = newest.max(*cursor);
                }
            }
        }
        "thread.follow" => {
            let newest = model.newest(model.said[&thread].channel, Some(thread));
            model.follows.entry((thread, user)).or_insert(newest);
        }
        "thread.unfollow" => drop(model.follows.remove(&(thread, user))),
        "thread.read" => {
            let cursor = model.follows.entry((thread, user)).or_default();
            *cursor = id.max(*cursor);
        }
        "channel.leave" => model.leave(channel, user),
        "channel.join" => model.join(channel, user),
        other => panic!("{other}?"),
    }
}

/// A part of a snapshot in the model's words.
fn shown(of: &Value, place: &str) -> Value {
    let of = of.as_array().expect("a list").iter();
    let shown = |one: &Value| {
        json!([
            one[place],
            one["last_read_id"],
            [one["unread"], one["mentions"]]
        ])
    };
    of.map(shown).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_are_a_recount_and_never_negative_or_stuck_whatever_is_posted_deleted_read_or_left()
{
    for seed in 0..6 {
        let talk = Talk::of(3).await;
        let other = json!({ "workspace_id": 1, "kind": "public", "name": "d" });
        talk.must(1, "channel.create", other).await;
        let mut model = Model::default();
        USERS.into_iter().for_each(|user| model.join(1, user));
        model.join(2, 1);
        let mut rng = Rng::new(seed);
        let mut told = Vec::new();
        for _ in 0..STEPS {
            told.push(step(&talk, &mut model, &mut rng).await);
            for user in USERS {
                let snapshot = talk.must(user, "state.snapshot", json!({})).await;
                let found = (
                    shown(&snapshot["reads"], "channel_id"),
                    shown(&snapshot["threads"], "thread_id"),
                );
                assert_eq!(
                    found,
                    model.told(user),
                    "seed {seed}, user {user}: {told:#?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_badge_is_not_stuck_when_the_message_or_the_thread_reply_that_made_it_is_deleted() {
    let talk = Talk::of(2).await;
    let root = talk.say(2, "root").await;
    let reply = talk.reply(1, root, "@u2").await;
    let message = talk.say(1, "@u2").await;
    for id in [reply, message] {
        talk.must(1, "message.delete", json!({ "message_id": id }))
            .await;
    }
    assert_eq!(talk.counts(2).await, (0, 0));
    let threads = talk.snapshot(2, "threads").await;
    assert_eq!(
        (&threads[0]["unread"], &threads[0]["mentions"]),
        (&json!(0), &json!(0))
    );
}

#[tokio::test]
async fn a_mark_in_a_second_tab_never_makes_a_negative_badge() {
    let talk = Talk::of(2).await;
    let (one, two) = (talk.say(1, "one").await, talk.say(1, "two").await);
    for message in [two, one, two] {
        let mark = json!({ "channel_id": 1, "message_id": message });
        let read = talk.must(2, "read.mark", mark).await["read"].take();
        assert_eq!(
            (&read["unread"], &read["last_read_id"]),
            (&json!(0), &json!(two))
        );
    }
}

#[tokio::test]
async fn marking_what_is_unread_already_as_unread_again_changes_and_tells_nothing() {
    let mut talk = Talk::of(2).await;
    let one = talk.say(1, "one").await;
    talk.say(1, "two").await;
    talk.heard().await;
    let mark = json!({ "channel_id": 1, "message_id": one });
    let outcome = must(&talk.house.user(2), "read.mark_unread", mark).await;
    assert_eq!(outcome["read"]["unread"], 2);
    assert_eq!(talk.heard().await, []);
}
