//! One event to N users with one tab each: what a delivery costs the gateway.

use std::time::Duration;

use anyhow::Result;

use super::FIRST_USER;
use crate::{
    antiphon::{self, Gateway},
    floor::Floor,
    load::{Dialect, Load},
    results::{Aim, Results, figure, median},
    source::Source,
};

/// How many tabs, how often they are looked at, and how many events wait at a time.
const TABS: [usize; 3] = [100, 1_000, 10_000];
pub(super) const BACKLOGS: [usize; 2] = [1, 16];
/// Processor time a figure is taken over.
const CPU: Duration = Duration::from_secs(1);

/// An event as `message.created` is, of about 190 bytes in its frame.
pub(super) const EVENT: &str = r#"{"ts":1763680000123,"type":"message.created","data":{"message":{"id":123456,"channel_id":42,"author_id":1007,"body":"the quick brown fox jumps over"}}}"#;

/// Of the floor and of the gateway, for each backlog.
type Round = [[f64; 2]; 2];

pub(super) fn run(rounds: usize) -> Result<Results> {
    let columns = [
        "tabs",
        "backlog",
        "floor, deliveries per CPU second",
        "gateway",
        "gateway's CPU per million deliveries, s",
        "ratio",
    ];
    let about = "One event to N users with one tab each; the gateway alone on one core, the events from what stands for its \
        server, a number of them at a time. The floor writes the same frames to the same number of sockets, a backlog in one write.";
    let mut results = Results::new("fanout", about, rounds, &columns)?;
    for tabs in TABS {
        let measured = (0..rounds)
            .map(|_| Ok([floor(tabs)?, gateway(tabs)?]))
            .collect::<Result<Vec<_>>>()?;
        for (index, backlog) in BACKLOGS.into_iter().enumerate() {
            let of = |who: usize| median(measured.iter().map(|round: &Round| round[who][index]));
            let (floor, ours) = (of(0), of(1));
            let ratio = median(
                measured
                    .iter()
                    .map(|[floor, ours]| ours[index] / floor[index]),
            );
            results.row([
                figure(tabs as f64),
                backlog.to_string(),
                figure(floor),
                figure(ours),
                figure(1e6 / ours),
                figure(ratio),
            ]);
            let what = format!(
                "of the floor, {} tabs, backlog {backlog}",
                figure(tabs as f64)
            );
            let (wanted, beyond) = if backlog == 1 {
                (0.80, 0.90)
            } else {
                (0.70, 0.85)
            };
            results
                .aims
                .push(Aim::at_least(what, wanted, ratio).then(beyond));
        }
    }
    Ok(results)
}

/// Deliveries per second of processor time of the floor, for each backlog.
pub(super) fn floor(tabs: usize) -> Result<[f64; 2]> {
    let mut floor = Floor::start()?;
    let mut load = Load::start()?;
    load.connect(Dialect::Frames, &floor.address, tabs)?;
    let text = format!("{{\"seq\":123456789012,\"pos\":1000042,{}", &EVENT[1..]);
    let mut figures = [0.0; 2];
    for (figure, backlog) in figures.iter_mut().zip(BACKLOGS) {
        let mut round = || -> Result<Duration> {
            load.count((tabs * backlog) as u64, look_every(tabs))?;
            floor.fan(&text, backlog)?;
            load.outcome()?;
            floor.process.cpu()
        };
        *figure = deliveries(tabs * backlog, &mut round)?;
    }
    Ok(figures)
}

/// As [`floor`], of the gateway.
pub(super) fn gateway(tabs: usize) -> Result<[f64; 2]> {
    let folder = tempfile::tempdir()?;
    let mut source = Source::listen(folder.path())?;
    let Gateway { process, address } = antiphon::gateway(folder.path())?;
    let mut load = Load::start()?;
    let dialect = Dialect::Antiphon {
        first_user: FIRST_USER,
        pos: None,
    };
    load.connect(dialect, &address, tabs)?;
    let users = super::users(tabs);
    let mut figures = [0.0; 2];
    for (figure, backlog) in figures.iter_mut().zip(BACKLOGS) {
        let mut round = || -> Result<Duration> {
            load.count((tabs * backlog) as u64, look_every(tabs))?;
            source.say(EVENT, &users, backlog)?;
            super::check_came(&load.outcome()?, tabs * backlog)?;
            process.cpu()
        };
        *figure = deliveries(tabs * backlog, &mut round)?;
    }
    Ok(figures)
}

/// Repeats a round that makes so many deliveries, until a processor has worked for long enough;
/// deliveries per second of its time.
pub(super) fn deliveries(each: usize, round: &mut dyn FnMut() -> Result<Duration>) -> Result<f64> {
    // The first ones fill caches and buffers.
    round()?;
    let begun = round()?;
    let mut made = 0;
    loop {
        let cpu = round()?.saturating_sub(begun);
        made += each;
        if cpu >= CPU {
            return Ok(made as f64 / cpu.as_secs_f64());
        }
    }
}

/// Often enough to be done soon, seldom enough that most sockets have something.
pub(super) fn look_every(tabs: usize) -> Duration {
    Duration::from_micros(10 * tabs as u64)
}
