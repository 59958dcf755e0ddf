//! Each tab hears exactly what its user was to hear, once, in order, as it is in the log, and
//! numbered without a gap.

use std::{collections::BTreeMap, ops::Range};

use antiphon_api::{
    events::{EVENTS, Keep},
    ids::Pos,
};
use serde_json::Value;

use super::{Told, ids_named};
use crate::{
    database::Database,
    oracle::{
        plan::Seat,
        schemas::Schemas,
        tab::{Applied, Heard, Tab},
    },
};

/// What the tabs heard, from look to look.
#[derive(Default)]
pub(in crate::oracle) struct Delivery {
    /// Up to where the state of each tab was compared with the log.
    compared: BTreeMap<Seat, Pos>,
    /// How a session's numbers stand to the places of the user's events in the log.
    numbered: BTreeMap<String, i64>,
}

/// What there was to hear.
pub(in crate::oracle) struct World<'a> {
    /// The whole log.
    pub(in crate::oracle) told: &'a [Told],
    /// The calls that relayed something; `None` when nobody knows what the log was then.
    pub(in crate::oracle) relaying: Option<&'a [Relaying]>,
    pub(in crate::oracle) database: &'a Database,
}

/// A call that was carried out and relays an ephemeral event about its caller.
pub(in crate::oracle) struct Relaying {
    pub(in crate::oracle) method: &'static str,
    pub(in crate::oracle) event: &'static str,
    pub(in crate::oracle) caller: i64,
    /// The log's newest position then.
    pub(in crate::oracle) head: i64,
}

/// What comes and goes with tabs too, not with calls alone.
const PRESENCE: &str = "presence.changed";
/// How long the server may take from an ephemeral event's `ts` to its audience.
const LEEWAY_MS: i64 = 1_000;

impl Delivery {
    /// What came to a tab since the last look. Returns the ephemeral events.
    pub(in crate::oracle) fn check(
        &mut self,
        tab: &mut Tab,
        world: &World<'_>,
        schemas: &Schemas,
    ) -> Vec<Value> {
        let user = tab.seat.user;
        let own: Vec<&Told> = world
            .told
            .iter()
            .filter(|told| told.to.contains(&user))
            .collect();
        let mut relayed = Vec::new();
        for heard in tab.heard.drain(..) {
            let kind = heard.frame["type"].as_str().unwrap_or_default();
            schemas.check_event(kind, &heard.frame["data"]);
            if heard.frame["pos"].is_null() {
                is_for(user, &heard.frame, world);
                relayed.push(heard.frame);
            } else {
                self.is_of_the_log(user, &heard, &own);
            }
        }
        self.is_whole(tab, &own);
        relayed
    }

    /// The event is one of the user's, unchanged; its number is its place among them, counted from
    /// where the session began.
    fn is_of_the_log(&mut self, user: i64, heard: &Heard, own: &[&Told]) {
        let mut frame = heard.frame.clone();
        let fields = frame.as_object_mut().expect("an event is an object");
        let pos = fields.remove("pos").and_then(|pos| pos.as_i64());
        let seq = fields.remove("seq").and_then(|seq| seq.as_i64());
        let place = own.binary_search_by_key(&pos, |told| Some(told.pos.get()));
        let place = place.unwrap_or_else(|_| panic!("not for user {user}: {}", heard.frame));
        assert_eq!(frame, own[place].event, "user {user} at {pos:?}");
        if let Some(seq) = seq {
            let place = i64::try_from(place).expect("is small");
            let first = *self
                .numbered
                .entry(heard.session.clone())
                .or_insert(seq - place);
            assert_eq!(seq, first + place, "user {user}: {}", heard.frame);
        }
    }

    /// Between its snapshots and after them the tab applied each of the user's events once.
    fn is_whole(&mut self, tab: &mut Tab, own: &[&Told]) {
        let seat = tab.seat;
        let start = self.compared.get(&seat).copied().unwrap_or(Pos::MIN);
        let mut at = start;
        for applied in tab.applied.drain(..) {
            match applied {
                Applied::Snapshot(pos) => at = pos,
                Applied::Event(pos) => {
                    assert_eq!(Some(pos), following(own, at), "{seat:?} after {at}");
                    at = pos;
                }
            }
        }
        assert_eq!(following(own, at), None, "{seat:?} misses it");
        self.compared.insert(seat, at);
    }
}

/// The user's first event above a position.
fn following(own: &[&Told], at: Pos) -> Option<Pos> {
    let next = own.get(own.partition_point(|told| told.pos <= at));
    next.map(|told| told.pos)
}

/// An ephemeral event is for who was in its audience when it was relayed.
fn is_for(user: i64, frame: &Value, world: &World<'_>) {
    let info = EVENTS.iter().find(|info| frame["type"] == info.name);
    let info = info.unwrap_or_else(|| panic!("no such event: {frame}"));
    assert!(info.keep == Keep::None, "without a position: {frame}");
    let id = |name| ids_named(name, &frame["data"]).first().copied();
    let about = id("user_id").unwrap_or_default();
    let channel = (2, id("channel_id").unwrap_or_default());
    let spans = world.relayed_at(info.name, about, frame);
    let members = |span| world.database.members(channel, span);
    let colleagues = |span| world.database.colleagues(about, span);
    let is_for = match info.audience {
        "channel members" => spans.iter().any(|span| members(span).contains(&user)),
        "channel members but the one who types" => {
            about != user && spans.iter().any(|span| members(span).contains(&user))
        }
        "those who share a workspace" => spans.iter().any(|span| colleagues(span).contains(&user)),
        other => panic!("say in delivery.rs who hears {frame}: {other}"),
    };
    assert!(is_for, "not for user {user}: {frame}");
    let is_hidden = about != user && frame["data"]["state"] == "invisible";
    assert!(!is_hidden, "user {user} is not to know: {frame}");
}

impl World<'_> {
    /// When it may have been relayed, in positions: by one of the calls that relay it, or, if other
    /// things cause it too, around its time.
    fn relayed_at(&self, kind: &str, about: i64, frame: &Value) -> Vec<Range<i64>> {
        if let Some(calls) = self.relaying.filter(|_| kind != PRESENCE) {
            let is_it = |call: &&Relaying| call.event == kind && call.caller == about;
            let at = |call: &Relaying| call.head..call.head + 1;
            return calls.iter().filter(is_it).map(at).collect();
        }
        let ts = frame["ts"].as_i64().expect("a time");
        let until = |time| {
            let count = self.told.partition_point(|told| told.ts() < time);
            let last = count.checked_sub(1).map(|index| self.told[index].pos.get());
            last.unwrap_or_default()
        };
        let span = until(ts - LEEWAY_MS)..until(ts + LEEWAY_MS) + 1;
        Vec::from_iter([span])
    }
}
