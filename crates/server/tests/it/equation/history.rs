//! What each user saw, and whether it adds up.

use std::collections::{BTreeMap, BTreeSet};

use antiphon_api::{
    events::{Event, Stamped},
    ids::{Pos, UserId},
    methods::{
        replay::{Replay, ReplayParams, ReplayResult},
        state::SnapshotResult,
    },
};
use antiphon_client::state::{Equation, State};
use rusqlite::Connection;
use serde_json::Value;

use super::Rooms;
use crate::support::{Heard, House};

/// The snapshots of each user, one for each position at which one was taken.
#[derive(Default)]
pub(super) struct History {
    seen: BTreeMap<i64, Vec<Seen>>,
}

/// Which of the snapshots are folded from, to every later one.
#[derive(Clone, Copy)]
pub(super) struct Starts {
    pub(super) first: usize,
    pub(super) every: usize,
}

struct Seen {
    snapshot: SnapshotResult,
    equation: Equation,
}

impl History {
    pub(super) fn add(&mut self, user: i64, snapshot: SnapshotResult) {
        let equation = State::from(snapshot.clone()).equation();
        let seen = self.seen.entry(user).or_default();
        match seen.last() {
            Some(last) if last.snapshot.pos == snapshot.pos => {
                assert_eq!(last.equation, equation, "changed without an event");
            }
            _ => seen.push(Seen { snapshot, equation }),
        }
    }

    pub(super) fn clone_of_newest(&self) -> Vec<(i64, Pos, Equation)> {
        let newest = |(user, seen): (&i64, &Vec<Seen>)| {
            let last = seen.last()?;
            Some((*user, last.snapshot.pos, last.equation.clone()))
        };
        self.seen.iter().filter_map(newest).collect()
    }

    pub(super) fn last(&self) -> Pos {
        let newest = self.clone_of_newest();
        newest
            .iter()
            .map(|(_, pos, _)| *pos)
            .max()
            .expect("somebody looked")
    }

    /// The newest counts, against what the tables say.
    pub(super) fn recount(&self, db: &Connection) {
        for (user, _, equation) in self.clone_of_newest() {
            let told: Vec<(i64, Option<i64>, u32)> = equation
                .reads
                .iter()
                .map(|read| {
                    let last = read.last_read_id.map(|id| id.get());
                    (read.channel_id.get(), last, read.unread)
                })
                .collect();
            assert_eq!(told, counted(db, user), "counts of user {user}");
        }
    }

    /// Everything there is to hold between snapshots, replays and what was `heard` live.
    pub(super) async fn check(&self, house: &House, start: Pos, heard: &[Heard], from: Starts) {
        let end = self.last();
        assert_eq!(log_rows(&house.database(), start, end), positions(heard));
        for (user, seen) in &self.seen {
            let replayed = replay(house, *user, start, end).await;
            let live: Vec<(Pos, Value)> = heard
                .iter()
                .filter(|heard| heard.to.contains(user))
                .filter_map(|heard| Some((heard.pos?, heard.event.clone())))
                .collect();
            assert_eq!(live, replayed, "user {user}: live and replay differ");
            introduced(*user, &replayed);
            folds(*user, seen, &typed(&replayed), from);
        }
    }

    /// The newest snapshots, against what the events say.
    pub(super) fn compare_rooms(&self, rooms: &Rooms) {
        for (user, _, equation) in self.clone_of_newest() {
            let spaces: Vec<i64> = equation
                .workspaces
                .iter()
                .map(|space| space.id.get())
                .collect();
            let channels: Vec<i64> = equation
                .channels
                .iter()
                .map(|channel| channel.id.get())
                .collect();
            assert_eq!(spaces, Rooms::of(&rooms.workspaces, user));
            assert_eq!(channels, Rooms::of(&rooms.channels, user));
        }
    }
}

fn counted(db: &Connection, user: i64) -> Vec<(i64, Option<i64>, u32)> {
    let mut statement = db
        .prepare(
            "SELECT membership.scope_id, read_cursor.last_read_id, (
                 SELECT count(*) FROM message
                 WHERE message.channel_id = membership.scope_id
                   AND message.author_id IS NOT membership.user_id
                   AND (read_cursor.last_read_id IS NULL OR message.id > read_cursor.last_read_id))
             FROM membership LEFT JOIN read_cursor
               ON read_cursor.user_id = membership.user_id
              AND read_cursor.channel_id = membership.scope_id
             WHERE kind = 2 AND membership.user_id = ?1 AND to_pos = 9223372036854775807
             ORDER BY 1",
        )
        .expect("is SQL");
    let rows = statement.query_map([user], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    rows.expect("reads")
        .collect::<Result<_, _>>()
        .expect("reads")
}

fn log_rows(db: &Connection, after: Pos, through: Pos) -> Vec<Pos> {
    let mut statement = db
        .prepare("SELECT pos FROM log WHERE pos > ?1 AND pos <= ?2 ORDER BY pos")
        .expect("is SQL");
    let rows = statement.query_map([after.get(), through.get()], |row| row.get(0).map(Pos));
    rows.expect("reads")
        .collect::<Result<_, _>>()
        .expect("reads")
}

fn positions(heard: &[Heard]) -> Vec<Pos> {
    heard.iter().filter_map(|heard| heard.pos).collect()
}

/// A user's events in (after, through], page by page.
async fn replay(house: &House, user: i64, mut after: Pos, through: Pos) -> Vec<(Pos, Value)> {
    let (operator, mut all, mut first) = (house.operator(), Vec::new(), true);
    loop {
        let params = ReplayParams {
            user_id: UserId(user),
            after,
            through,
            first,
        };
        let page = operator.call::<Replay>(&params).await.expect("replays");
        let ReplayResult::Page { events, more } = page else {
            panic!("refused: {page:?}");
        };
        for event in events {
            after = event.pos;
            let value = serde_json::from_str(event.event.get()).expect("an event is JSON");
            all.push((event.pos, value));
        }
        if !more {
            return all;
        }
        first = false;
    }
}

fn typed(events: &[(Pos, Value)]) -> Vec<(Pos, Event)> {
    let typed = |(pos, value): &(Pos, Value)| {
        let stamped: Stamped<Event> = serde_json::from_value(value.clone()).expect("is an event");
        (*pos, stamped.event)
    };
    events.iter().map(typed).collect()
}

/// Whatever an event names, an earlier one has introduced.
fn introduced(user: i64, events: &[(Pos, Value)]) {
    let (mut spaces, mut channels) = (BTreeSet::new(), BTreeMap::new());
    for (pos, event) in events {
        let data = &event["data"];
        let id = |value: &Value| value.as_i64().unwrap_or_default();
        match event["type"].as_str().unwrap_or_default() {
            "workspace.added" => {
                spaces.insert(id(&data["workspace"]["id"]));
                continue;
            }
            "channel.added" => {
                let (channel, home) = (&data["channel"]["id"], &data["channel"]["workspace_id"]);
                assert!(spaces.contains(&id(home)), "{user} at {pos}: {event}");
                channels.insert(id(channel), id(home));
                continue;
            }
            _ => {}
        }
        for holder in [data, &data["message"], &data["read"], &data["canvas"]] {
            if let Some(channel) = holder["channel_id"].as_i64() {
                assert!(channels.contains_key(&channel), "{user} at {pos}: {event}");
            }
        }
        if let Some(space) = data["workspace_id"].as_i64() {
            assert!(spaces.contains(&space), "{user} at {pos}: {event}");
        }
        match event["type"].as_str().unwrap_or_default() {
            "workspace.removed" => {
                spaces.remove(&id(&data["workspace_id"]));
                channels.retain(|_, home| *home != id(&data["workspace_id"]));
            }
            "channel.removed" => drop(channels.remove(&id(&data["channel_id"]))),
            _ => {}
        }
    }
}

/// The equation, for every P and Q; and a suffix that comes twice changes nothing.
fn folds(user: i64, seen: &[Seen], events: &[(Pos, Event)], starts: Starts) {
    let all = seen.iter().enumerate();
    for (index, from) in all.skip(starts.first).step_by(starts.every) {
        let start = from.snapshot.pos;
        let mut state = State::from(from.snapshot.clone());
        let mut rest = events.iter().filter(|(pos, _)| *pos > start).peekable();
        for to in &seen[index..] {
            let end = to.snapshot.pos;
            while let Some((pos, event)) = rest.next_if(|(pos, _)| *pos <= end) {
                state.apply(Some(*pos), event);
            }
            let folded = state.equation();
            assert_eq!(folded, to.equation, "user {user}: ({start}, {end}]");
        }
        let whole = state.equation();
        for (pos, event) in events.iter().filter(|(pos, _)| *pos > start) {
            state.apply(Some(*pos), event);
        }
        assert_eq!(state.equation(), whole, "user {user}: twice from {start}");
    }
}
