//! What the writers were answered and what the tabs heard, held against the database.
//!
//! Who was to hear an event is worked out three times: from the audience and membership tables;
//! from the joining and leaving in the log itself, which needs neither; and by the writers, who
//! know who was in the channels that only they rule or that never change.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use antiphon_test_support::Follower;
use serde_json::Value;

use super::{
    World, id,
    writers::{Outcome, Record},
};
use crate::database::Database;

pub(super) fn check(
    world: &World,
    path: &Path,
    records: &[Record],
    followers: &[Follower],
    late: &[Follower],
) {
    let database = Database::open(path);
    for follower in followers.iter().chain(late) {
        assert!(follower.faults.is_empty(), "{:?}", follower.faults);
        hears_what_it_is_entitled_to(&database, follower);
    }
    common_events_have_one_order(followers);
    let mut heard = Heard::default();
    for follower in followers {
        heard.add(follower);
    }
    let logged = Heard::of(database.log.iter().map(|(_, event)| event));
    for record in records {
        is_there_as_often_as_answered(record, &logged);
        is_heard_by_its_audience(world, record, &heard, &logged);
    }
    channels_agree_with_the_tables(&database);
    for (number, channel) in world.churned.iter().enumerate() {
        changes_are_those_of_the_ruler(world.users[number], *channel, records, &database);
    }
    messages_are_as_the_log_says(&database, records);
    marks_are_kept(&database, records);
}

/// Invariants 4 and 5: exactly the entitled events above where it began, once, in log order.
fn hears_what_it_is_entitled_to(database: &Database, follower: &Follower) {
    let expected = database.log.iter().filter(|(pos, _)| {
        *pos > follower.start && database.entitled(*pos).contains(&follower.user)
    });
    let mut heard = follower.events.iter();
    for (pos, event) in expected {
        let next = heard.next().unwrap_or_else(|| {
            panic!("user {} never heard {pos}: {event}", follower.user);
        });
        assert_eq!(
            next["pos"], *pos,
            "user {}: {next} for {event}",
            follower.user
        );
        for field in ["ts", "type", "data"] {
            assert_eq!(next[field], event[field], "user {} at {pos}", follower.user);
        }
    }
    let more: Vec<_> = heard.collect();
    assert!(
        more.is_empty(),
        "user {} also heard {more:?}",
        follower.user
    );
}

/// Invariant 2, from the streams alone.
fn common_events_have_one_order(followers: &[Follower]) {
    for one in followers {
        let order: BTreeMap<String, usize> = one
            .events
            .iter()
            .enumerate()
            .filter_map(|(place, event)| Some((name(event)?, place)))
            .collect();
        for other in followers {
            let common = other
                .events
                .iter()
                .filter_map(|event| order.get(&name(event)?));
            let places: Vec<_> = common.collect();
            assert!(
                places.is_sorted(),
                "{} and {} disagree",
                one.user,
                other.user
            );
        }
    }
}

/// What tells an event about a message from every other, whoever hears it.
fn name(event: &Value) -> Option<String> {
    let kind = event["type"].as_str()?;
    match kind {
        "message.created" | "message.updated" => {
            Some(format!("{kind} {}", event["data"]["nonce"].as_str()?))
        }
        "message.deleted" => Some(format!("{kind} {}", event["data"]["message_id"])),
        _ => None,
    }
}

impl Record {
    /// The name of the event it makes, if it is about a message.
    fn event(&self) -> Option<String> {
        match self.method {
            "message.send" => Some(format!("message.created {}", self.key)),
            "message.update" => Some(format!("message.updated {}", self.key)),
            "message.delete" => Some(format!("message.deleted {}", self.params["message_id"])),
            _ => None,
        }
    }
}

/// How often events were heard by each user's tabs; in the log, by nobody.
#[derive(Default)]
struct Heard {
    times: BTreeMap<String, usize>,
    by: BTreeMap<String, BTreeMap<i64, Vec<usize>>>,
}

impl Heard {
    fn of<'a>(events: impl Iterator<Item = &'a Value>) -> Self {
        let mut heard = Self::default();
        for name in events.filter_map(name) {
            *heard.times.entry(name).or_default() += 1;
        }
        heard
    }

    fn add(&mut self, follower: &Follower) {
        for (name, times) in Self::of(follower.events.iter()).times {
            let users = self.by.entry(name).or_default();
            users.entry(follower.user).or_default().push(times);
        }
    }
}

/// Invariants 9 and 10.
fn is_there_as_often_as_answered(record: &Record, logged: &Heard) {
    let Some(event) = record.event() else {
        return assert!(
            !matches!(record.outcome, Outcome::Refused(_)),
            "refused: {record:?}"
        );
    };
    let times = logged.times.get(&event).copied().unwrap_or(0);
    match record.outcome {
        Outcome::Answered(_) => assert_eq!(times, 1, "{record:?}"),
        Outcome::GivenUp => assert!(times <= 1, "{times} times: {record:?}"),
        Outcome::Refused(code) => {
            assert_eq!(times, 0, "{record:?}");
            let was_no_member = matches!(code, -32003 | -32004) && record.audience.is_none();
            assert!(was_no_member, "{record:?}");
        }
    }
}

/// By both tabs of each, once, and by nobody else.
fn is_heard_by_its_audience(world: &World, record: &Record, heard: &Heard, logged: &Heard) {
    let (Some(event), Some(audience)) = (record.event(), &record.audience) else {
        return;
    };
    let nobody = BTreeMap::new();
    let by = heard.by.get(&event).unwrap_or(&nobody);
    for user in &world.users {
        let concerned = logged.times.contains_key(&event) && audience.contains(user);
        let expected: &[usize] = if concerned { &[1, 1] } else { &[] };
        let times = by.get(user).map_or(&[][..], Vec::as_slice);
        assert_eq!(times, expected, "user {user}: {record:?}");
    }
}

/// The members that the log's own events make are those that the tables entitle.
fn channels_agree_with_the_tables(database: &Database) {
    let mut members = BTreeMap::<i64, BTreeSet<i64>>::new();
    for (pos, event) in &database.log {
        let data = &event["data"];
        let message = data["message"]["channel_id"].as_i64();
        let Some(channel) = message.or_else(|| data["channel_id"].as_i64()) else {
            continue;
        };
        let inside = members.entry(channel).or_default();
        match event["type"].as_str().unwrap_or_default() {
            "channel.member_joined" => {
                assert!(inside.insert(id(&data["user_id"])), "joined twice: {event}");
            }
            "channel.member_left" => {
                assert!(inside.remove(&id(&data["user_id"])), "left twice: {event}");
            }
            "message.created" | "message.updated" | "message.deleted" => {}
            _ => continue,
        }
        assert_eq!(*inside, database.entitled(*pos), "at {pos}: {event}");
    }
}

/// Who ruled a channel alone finds in the log what they did, in the order in which they did it.
fn changes_are_those_of_the_ruler(
    ruler: i64,
    channel: i64,
    records: &[Record],
    database: &Database,
) {
    let done = records.iter().filter_map(|record| {
        let kind = match record.method {
            "channel.add_member" => "channel.member_joined",
            "channel.remove_member" => "channel.member_left",
            _ => return None,
        };
        let is_here = record.params["channel_id"] == channel;
        is_here.then(|| (kind, id(&record.params["user_id"])))
    });
    let done: Vec<_> = done.collect();
    let logged: Vec<_> = database
        .log
        .iter()
        .filter(|(_, event)| event["data"]["channel_id"] == channel)
        .filter_map(|(_, event)| {
            let user = event["data"]["user_id"]
                .as_i64()
                .filter(|user| *user != ruler)?;
            Some((event["type"].as_str()?, user))
        })
        .collect();
    assert_eq!(logged, done, "channel {channel}");
}

fn messages_are_as_the_log_says(database: &Database, records: &[Record]) {
    let statement = "SELECT count(*) FROM present_message WHERE body = ?1";
    let mut touched = BTreeSet::new();
    for record in records
        .iter()
        .filter(|record| record.method != "message.send")
    {
        touched.extend(record.params["message_id"].as_i64());
    }
    for record in records
        .iter()
        .filter(|record| record.method == "message.send")
    {
        let rows = database.number(statement, [&record.key]);
        match &record.outcome {
            Outcome::Answered(result) if touched.contains(&id(&result["message"]["id"])) => {}
            Outcome::Answered(_) => assert_eq!(rows, Some(1), "{record:?}"),
            Outcome::Refused(_) => assert_eq!(rows, Some(0), "{record:?}"),
            Outcome::GivenUp => assert!(rows <= Some(1), "{record:?}"),
        }
    }
    let mut revisions = BTreeMap::new();
    for (_, event) in &database.log {
        let message = id_of_message(event);
        match (event["type"].as_str().unwrap_or_default(), message) {
            ("message.created" | "message.updated", Some(message)) => {
                *revisions.entry(message).or_insert(0) += 1;
            }
            ("message.deleted", Some(message)) => {
                assert!(revisions.remove(&message).is_some(), "{event}");
            }
            _ => {}
        }
    }
    for (message, revision) in &revisions {
        let found = database.number(
            "SELECT max(revision) FROM present_message WHERE id = ?1",
            [message],
        );
        assert_eq!(found, Some(*revision), "message {message}");
    }
    let all = database.number("SELECT count(*) FROM present_message", []);
    assert_eq!(all, i64::try_from(revisions.len()).ok());
}

fn id_of_message(event: &Value) -> Option<i64> {
    let message = event["data"]["message"]["id"].as_i64();
    message.or_else(|| event["data"]["message_id"].as_i64())
}

/// A cursor is where the furthest answered mark put it, or an unanswered one.
fn marks_are_kept(database: &Database, records: &[Record]) {
    let mut marks = BTreeMap::<(i64, i64), (i64, i64)>::new();
    for record in records.iter().filter(|record| record.method == "read.mark") {
        let message = id(&record.params["message_id"]);
        let key = (record.user, id(&record.params["channel_id"]));
        let (answered, asked) = marks.entry(key).or_default();
        *asked = message.max(*asked);
        if matches!(record.outcome, Outcome::Answered(_)) {
            *answered = message.max(*answered);
        }
    }
    let statement =
        "SELECT max(last_read_id) FROM read_cursor WHERE user_id = ?1 AND channel_id = ?2";
    for ((user, channel), (answered, asked)) in marks {
        let found = database.number(statement, [user, channel]).unwrap_or(0);
        assert!(
            (answered..=asked).contains(&found),
            "user {user} in {channel}: {found}"
        );
    }
}
