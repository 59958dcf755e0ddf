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

impl Delivery {
    /// What came to a tab since the last look, `told` being everything the log has. `span` is
    /// when that was, in positions. Returns the ephemeral events.
    pub(in crate::oracle) fn check(
        &mut self,
        tab: &mut Tab,
        told: &[Told],
        (database, span): (&Database, &Range<i64>),
        schemas: &Schemas,
    ) -> Vec<Value> {
        let user = tab.seat.user;
        let own: Vec<&Told> = told.iter().filter(|told| told.to.contains(&user)).collect();
        let mut relayed = Vec::new();
        for heard in tab.heard.drain(..) {
            let kind = heard.frame["type"].as_str().unwrap_or_default();
            schemas.check_event(kind, &heard.frame["data"]);
            if heard.frame["pos"].is_null() {
                is_for(user, &heard.frame, database, span);
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

/// An ephemeral event is for who was in its audience at some time since the last look.
fn is_for(user: i64, frame: &Value, database: &Database, span: &Range<i64>) {
    let info = EVENTS.iter().find(|info| frame["type"] == info.name);
    let info = info.unwrap_or_else(|| panic!("no such event: {frame}"));
    assert!(info.keep == Keep::None, "without a position: {frame}");
    let id = |name| ids_named(name, &frame["data"]).first().copied();
    let about = id("user_id").unwrap_or_default();
    let channel = (2, id("channel_id").unwrap_or_default());
    let (allowed, but) = match info.audience {
        "channel members" => (database.members(channel, span), None),
        "channel members but the one who types" => (database.members(channel, span), Some(about)),
        "those who share a workspace" => (database.colleagues(about, span), None),
        other => panic!("say in delivery.rs who hears {frame}: {other}"),
    };
    let is_for = allowed.contains(&user) && but != Some(user);
    assert!(is_for, "not for user {user}: {frame}");
}
