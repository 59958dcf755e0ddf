//! The reference log, the server that answers from it, and the gateways that follow it.

use std::{collections::BTreeMap, sync::Arc};

use antiphon_api::{
    ids::{Pos, Principal, UserId},
    resume::ResyncReason,
};
use antiphon_session::{Config, Entry, LogAnswer, LogPage, Shard, TabId};
use antiphon_test_support::Rng;

pub(crate) const USERS: i64 = 3;
const SHARDS: usize = 2;
/// Bytes no entry of the log is over.
const LARGEST_ENTRY: usize = 80;

/// What happened at least once, so that a walk which avoids the hard parts is not mistaken for proof.
#[derive(Debug, Default)]
pub(crate) struct Seen(BTreeMap<&'static str, u64>);

impl Seen {
    const ALL: [&str; 21] = [
        "fresh",
        "ring",
        "log",
        "resync Expired",
        "resync UnknownPosition",
        "resync TooFar",
        "resync UnknownSession",
        "resync BadParameters",
        "attach to a lagging gateway",
        "fell off the ring",
        "second live",
        "numbered replay",
        "another round to a new target",
        "page cut at its target",
        "page short of its target",
        "page not had",
        "session swept",
        "resumed by event number",
        "snapshot before connecting",
        "envelope seen twice",
        "drop in the middle of a replay",
    ];

    pub(crate) fn note(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: Self) {
        for (what, times) in other.0 {
            *self.0.entry(what).or_default() += times;
        }
    }

    pub(crate) fn assert_all(&self) {
        for what in Self::ALL {
            assert!(self.0.contains_key(what), "the walk never had: {what}");
        }
    }
}

pub(crate) struct Row {
    pub(crate) entry: Arc<Entry>,
    /// `None`: to everybody.
    to: Option<Vec<i64>>,
}

/// The log. Positions rise and have gaps; some rows are for nobody here.
pub(crate) struct World {
    pub(crate) rows: Vec<Row>,
    /// The positions of each user's events.
    pub(crate) events: BTreeMap<i64, Vec<Pos>>,
    oldest: usize,
    replay_bound: usize,
}

impl World {
    pub(crate) fn new(rng: &mut Rng) -> Self {
        let mut world = Self {
            rows: Vec::new(),
            events: (1..=USERS).map(|user| (user, Vec::new())).collect(),
            oldest: 0,
            replay_bound: rng.range(8, 60),
        };
        world.append(rng);
        world
    }

    pub(crate) fn head(&self) -> Pos {
        self.rows[self.rows.len() - 1].entry.pos()
    }

    pub(crate) fn append(&mut self, rng: &mut Rng) {
        let last = self.rows.last().map_or(0, |row| row.entry.pos().get());
        let gap = if rng.chance(60) { 1 } else { rng.range(2, 4) };
        let pos = Pos(last + gap as i64);
        let to_all = rng.chance(15);
        let to: Vec<i64> = (1..=USERS).filter(|_| to_all || rng.chance(40)).collect();
        for user in &to {
            self.events.entry(*user).or_default().push(pos);
        }
        let body = format!("{{\"x\":\"{}\"}}", "y".repeat(rng.range(0, 40)));
        self.rows.push(Row {
            entry: Entry::new(pos, &body).expect("an object"),
            to: (!to_all).then_some(to),
        });
    }

    pub(crate) fn prune(&mut self, rng: &mut Rng) {
        self.oldest = rng.range(self.oldest, self.rows.len() - 1);
    }

    pub(crate) fn row_at(&self, pos: Pos) -> Option<usize> {
        let found = self.rows.binary_search_by_key(&pos, |row| row.entry.pos());
        found.ok()
    }

    /// What the log says to `after`: known if it has a row at exactly it, and then a page of any
    /// size that covers the log as far as it likes, but further than `after`.
    pub(crate) fn answer(&self, user: i64, after: Pos, rng: &mut Rng) -> LogAnswer {
        let Some(row) = self.row_at(after).filter(|row| *row >= self.oldest) else {
            let expired = after < self.rows[self.oldest].entry.pos();
            return LogAnswer::Refused(if expired {
                ResyncReason::Expired
            } else {
                ResyncReason::UnknownPosition
            });
        };
        let events = &self.events[&user];
        let known = events.partition_point(|pos| *pos <= after);
        if events.len() - known > self.replay_bound {
            return LogAnswer::Refused(ResyncReason::TooFar);
        }
        let last = self.rows.len() - 1;
        let end = rng.range((row + 1).min(last), last);
        LogAnswer::Page(self.page(&events[known..], end, rng.range(1, 5)))
    }

    fn page(&self, events: &[Pos], end: usize, size: usize) -> LogPage {
        let through = self.rows[end].entry.pos();
        let within = events.iter().take_while(|pos| **pos <= through);
        let rows = within.filter_map(|pos| self.row_at(*pos));
        let mut entries: Vec<_> = rows.map(|row| Arc::clone(&self.rows[row].entry)).collect();
        let more = entries.len() > size;
        entries.truncate(size);
        LogPage {
            entries,
            more,
            through,
        }
    }
}

pub(crate) struct Gateway {
    config: Arc<Config>,
    shards: Vec<Shard>,
    /// Rows it has seen pass: from the one it started at to the last it was given.
    first: usize,
    pub(crate) last: usize,
}

impl Gateway {
    pub(crate) fn new(config: &Arc<Config>, world: &World, at: usize) -> Self {
        let position = world.rows[at].entry.pos();
        let shard = |_| Shard::new(Arc::clone(config), position);
        Self {
            config: Arc::clone(config),
            shards: (0..SHARDS).map(shard).collect(),
            first: at,
            last: at,
        }
    }

    pub(crate) fn shard(&mut self, user: i64) -> &mut Shard {
        &mut self.shards[user as usize % SHARDS]
    }

    pub(crate) fn shards(&mut self) -> impl Iterator<Item = &mut Shard> {
        self.shards.iter_mut()
    }

    pub(crate) fn has_seen(&self, world: &World, pos: Pos) -> bool {
        let row = world.row_at(pos);
        row.is_some_and(|row| (self.first..=self.last).contains(&row))
    }

    /// Gives it the log's next row, or one it had before. `false` if there is no next.
    pub(crate) fn follow(&mut self, world: &World, again: bool, wake: &mut Vec<TabId>) -> bool {
        let budget = self.config.shard_ring_bytes;
        let next = if again { self.last } else { self.last + 1 };
        let Some(row) = world.rows.get(next) else {
            return false;
        };
        self.last = next;
        for (index, shard) in self.shards.iter_mut().enumerate() {
            match &row.to {
                None => shard.publish_to_all(&row.entry, wake),
                Some(users) => {
                    let here = users
                        .iter()
                        .filter(|user| **user as usize % SHARDS == index);
                    let principals = here.map(|user| Principal::User(UserId(*user)));
                    shard.publish(&row.entry, principals, wake);
                }
            }
            assert_eq!(shard.position(), row.entry.pos(), "a shard did not advance");
            let bound = budget + shard.sessions() * LARGEST_ENTRY;
            assert!(
                shard.ring_bytes() <= bound,
                "over the budget and each newest"
            );
        }
        true
    }
}
