//! What a session that nothing happens to costs in memory.

use anyhow::Result;

use super::{
    FIRST_USER,
    fanout::{EVENT, look_every},
};
use crate::{
    antiphon,
    load::{Dialect, Load},
    results::{Aim, Results, figure, median},
    source::Source,
};

const SESSIONS: usize = 10_000;
/// Events that fill a ring.
const RING: usize = 500;
/// How many of them wait at a time.
const AT_ONCE: usize = 20;

pub(super) fn run(rounds: usize) -> Result<Results> {
    let about = "10,000 sessions with one tab each, the resident memory of the gateway before and after, by session; then with \
        500 events in each ring, the same in all, so that their text is shared. The kernel's memory for the sockets is not in it.";
    let columns = ["sessions", "rings", "resident bytes each"];
    let mut results = Results::new("idle", about, rounds, &columns)?;
    let measured = (0..rounds)
        .map(|_| sessions())
        .collect::<Result<Vec<_>>>()?;
    let empty = median(measured.iter().map(|[empty, _]| *empty));
    let full = median(measured.iter().map(|[_, full]| *full));
    for (rings, bytes) in [("empty", empty), ("full", full)] {
        results.row([figure(SESSIONS as f64), rings.to_owned(), figure(bytes)]);
    }
    let aim = Aim::at_most(
        "kB of an idle session, its ring empty",
        5.0,
        empty / 1_000.0,
    );
    results.aims.push(aim.then(3.5));
    Ok(results)
}

/// Bytes each, with empty rings and with full ones.
fn sessions() -> Result<[f64; 2]> {
    let folder = tempfile::tempdir()?;
    let mut source = Source::listen(folder.path())?;
    let gateway = antiphon::gateway(folder.path())?;
    let before = gateway.process.resident_bytes()?;
    let each = || -> Result<f64> {
        let bytes = gateway.process.resident_bytes()?.saturating_sub(before);
        Ok(bytes as f64 / SESSIONS as f64)
    };
    let mut load = Load::start()?;
    let dialect = Dialect::Antiphon {
        first_user: FIRST_USER,
        pos: None,
    };
    load.connect(dialect, &gateway.address, SESSIONS)?;
    let empty = each()?;
    let users = super::users(SESSIONS);
    for _ in 0..RING / AT_ONCE {
        load.count((SESSIONS * AT_ONCE) as u64, look_every(SESSIONS))?;
        source.say(EVENT, &users, AT_ONCE)?;
        load.outcome()?;
    }
    Ok([empty, each()?])
}
