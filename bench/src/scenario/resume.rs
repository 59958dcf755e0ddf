//! Everybody is dropped at once and comes back: how long until all are live.

use anyhow::Result;

use crate::{
    antiphon::{self, Gateway},
    load::{Dialect, Load},
    results::{Results, figure, median},
    town::Town,
};

const TABS: usize = 10_000;
/// Events that each has missed.
const MISSED: usize = 20;
/// Who hear of each other.
const NEIGHBOURS: usize = 20;

pub(super) fn run(rounds: usize) -> Result<Results> {
    let about = "10,000 tabs are dropped at once and come back, 100 at a time knocking, having missed 20 events each; the time \
        until the last is live. From the ring: the gateway is the same. From the log: it was started again meanwhile.";
    let columns = [
        "how they come",
        "seconds until all are live",
        "tabs a second",
    ];
    let mut results = Results::new("resume", about, rounds, &columns)?;
    let measured = (0..rounds).map(|_| comings()).collect::<Result<Vec<_>>>()?;
    for (index, how) in ["fresh", "resumed from the ring", "resumed from the log"]
        .into_iter()
        .enumerate()
    {
        let seconds = median(measured.iter().map(|comings| comings[index]));
        results.row([
            how.to_owned(),
            figure(seconds),
            figure(TABS as f64 / seconds),
        ]);
    }
    Ok(results)
}

/// Seconds until all were live: fresh, from the ring, from the log.
fn comings() -> Result<[f64; 3]> {
    let town = Town::of(TABS, NEIGHBOURS)?;
    let mut gateway = antiphon::gateway(&town.sockets())?;
    let mut load = Load::start()?;
    let mut come = |gateway: &Gateway, pos| {
        let dialect = Dialect::Antiphon {
            first_user: town.first.unsigned_abs(),
            pos,
        };
        load.connect(dialect, &gateway.address, TABS)
    };
    let fresh = come(&gateway, None)?;
    let mut rpc = town.rpc()?;
    for _ in 0..MISSED {
        for channel in &town.channels {
            channel.say(&mut rpc, "you were away")?;
        }
    }
    let ring = come(&gateway, Some(fresh.pos))?;
    super::check_came(&ring, TABS * MISSED)?;
    gateway = antiphon::gateway(&town.sockets())?;
    let log = come(&gateway, Some(fresh.pos))?;
    super::check_came(&log, TABS * MISSED)?;
    Ok([fresh.seconds, ring.seconds, log.seconds])
}
