//! From commit to tab, at a pace that a core can keep.

use std::{thread, time::Duration};

use anyhow::{Context, Result};

use crate::{
    antiphon,
    floor::Floor,
    load::{Dialect, Load, now_ns},
    results::{Aim, Results, figure, median},
    town::Town,
};

const TABS: usize = 1_000;
const EVENTS: u64 = 500;
/// 50 events a second.
const EVERY: Duration = Duration::from_millis(20);
/// Until everybody has heard that everybody has come.
const PEACE: Duration = Duration::from_secs(4);

pub(super) fn run(rounds: usize) -> Result<Results> {
    let about = "A person says 50 messages a second to a channel of 1,000 with one tab each, through server and gateway. The \
        time runs from right before the call to each tab's reading it, so the call and its commit are in ours; the floor's \
        runs from right before its first write. Server and caller run on whatever core is free, beside what is measured.";
    let columns = ["", "p50, ms", "p90, ms", "p99, ms"];
    let mut results = Results::new("latency", about, rounds, &columns)?;
    let measured = (0..rounds)
        .map(|_| Ok((floor()?, antiphon()?)))
        .collect::<Result<Vec<_>>>()?;
    type Pair = ([u64; 3], [u64; 3]);
    let row = |name: &str, pick: fn(&Pair) -> [u64; 3]| {
        let at = |index: usize| {
            figure(median(measured.iter().map(|pair| pick(pair)[index] as f64)) / 1e6)
        };
        [name.to_owned(), at(0), at(1), at(2)]
    };
    let rows = [row("floor", |pair| pair.0), row("Antiphon", |pair| pair.1)];
    rows.into_iter().for_each(|cells| results.row(cells));
    let ratio = median(
        measured
            .iter()
            .map(|(floor, ours)| ours[0] as f64 / floor[0] as f64),
    );
    results
        .aims
        .push(Aim::at_most("times the floor's p50", 1.4, ratio));
    Ok(results)
}

fn floor() -> Result<[u64; 3]> {
    let mut floor = Floor::start()?;
    let mut load = Load::start()?;
    load.connect(Dialect::Frames, &floor.address, TABS)?;
    load.time(EVENTS * TABS as u64)?;
    // As long as a message's event is.
    let head = format!("{{\"data\":\"{}\",\"body\":\"at:", "x".repeat(350));
    floor.pace([&head, "\"}"], EVENTS, EVERY)?;
    load.outcome()?.ages.context("nothing was timed")
}

fn antiphon() -> Result<[u64; 3]> {
    let town = Town::of(TABS, TABS)?;
    let gateway = antiphon::gateway(&town.sockets())?;
    let mut load = Load::start()?;
    let dialect = Dialect::Antiphon {
        first_user: town.first.unsigned_abs(),
        pos: None,
    };
    load.connect(dialect, &gateway.address, TABS)?;
    load.rest(PEACE)?;
    load.time(EVENTS * TABS as u64)?;
    let mut rpc = town.rpc()?;
    let begun = now_ns();
    for number in 0..EVENTS {
        let due = begun + number * EVERY.as_nanos() as u64;
        thread::sleep(Duration::from_nanos(due.saturating_sub(now_ns())));
        for channel in &town.channels {
            channel.say(&mut rpc, &format!("at:{}", now_ns()))?;
        }
    }
    load.outcome()?.ages.context("nothing was timed")
}
