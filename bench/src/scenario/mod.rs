//! What is measured.

mod commit;
mod fanout;
mod idle;
mod latency;
mod resume;
mod socketio;

use std::path::Path;

use antiphon_api::ids::UserId;
use anyhow::{Result, bail, ensure};

use crate::{antiphon, load::Outcome, report, results::Results};

pub(crate) const ALL: [&str; 6] = ["fanout", "idle", "commit", "latency", "resume", "socketio"];

/// Runs scenarios, prints what they found and keeps it.
pub(crate) fn run(names: &[&str], rounds: usize, program: Option<&Path>) -> Result<()> {
    antiphon::choose(program)?;
    for &name in names {
        let results = one(name, rounds)?;
        report::print(&results);
        results.save()?;
    }
    Ok(())
}

fn one(name: &str, rounds: usize) -> Result<Results> {
    match name {
        "fanout" => fanout::run(rounds),
        "idle" => idle::run(rounds),
        "commit" => commit::run(rounds),
        "latency" => latency::run(rounds),
        "resume" => resume::run(rounds),
        "socketio" => socketio::run(rounds),
        _ => bail!("no such scenario"),
    }
}

/// The first user with a tab, where nobody else is.
const FIRST_USER: u64 = 1_000;

fn users(count: usize) -> Vec<UserId> {
    let ids = (FIRST_USER.cast_signed()..).take(count);
    ids.map(UserId).collect()
}

/// Nothing counts if not everything came.
fn check_came(outcome: &Outcome, events: usize) -> Result<()> {
    let came = outcome.events;
    ensure!(came == events as u64, "{came} events came of {events}");
    Ok(())
}
