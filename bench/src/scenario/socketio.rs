//! The same fan-out through Socket.IO with connection state recovery.

use std::{
    io::Write,
    process::{ChildStdin, Command},
    time::Duration,
};

use anyhow::{Context, Result, ensure};

use super::fanout::{self, BACKLOGS, EVENT, deliveries, look_every};
use crate::{
    load::{Dialect, Load},
    process::{Core, Process},
    results::{Aim, Results, figure, home, median},
};

const TABS: usize = 1_000;

pub(super) fn run(rounds: usize) -> Result<Results> {
    let about = "One event to a room of 1,000 through Socket.IO 4.8 with connection state recovery, beside the gateway and the \
        floor: deliveries per second of the process's CPU, each alone on one core. For Antiphon that is the gateway, whose events come from what stands for its server; Socket.IO's process makes its own.";
    let columns = [
        "backlog",
        "floor",
        "Antiphon",
        "Socket.IO",
        "Antiphon to Socket.IO",
    ];
    let mut results = Results::new("socketio", about, rounds, &columns)?;
    install()?;
    let measured = (0..rounds)
        .map(|_| Ok([fanout::floor(TABS)?, fanout::gateway(TABS)?, socketio()?]))
        .collect::<Result<Vec<_>>>()?;
    for (index, backlog) in BACKLOGS.into_iter().enumerate() {
        let of = |who: usize| median(measured.iter().map(|round| round[who][index]));
        let ratio = median(
            measured
                .iter()
                .map(|round| round[1][index] / round[2][index]),
        );
        results.row([
            backlog.to_string(),
            figure(of(0)),
            figure(of(1)),
            figure(of(2)),
            figure(ratio),
        ]);
        let wanted = if backlog == 1 { 1.5 } else { 10.0 };
        let what = format!("times Socket.IO's deliveries, backlog {backlog}");
        results.aims.push(Aim::at_least(what, wanted, ratio));
    }
    Ok(results)
}

fn install() -> Result<()> {
    let installed = Command::new("npm")
        .args(["ci", "--silent", "--no-fund", "--no-audit"])
        .current_dir(home().join("socketio"))
        .status()?;
    ensure!(installed.success(), "Socket.IO cannot be installed");
    Ok(())
}

fn socketio() -> Result<[f64; 2]> {
    let folder = home().join("socketio");
    let mut server = Process::spawn(Core::Measured, "node".as_ref(), &["server.mjs"], &folder)?;
    let mut orders = server.stdin()?;
    let address = server.says()?.trim().to_owned();
    let mut load = Load::start()?;
    load.connect(Dialect::SocketIo, &address, TABS)?;
    let mut figures = [0.0; 2];
    for (figure, backlog) in figures.iter_mut().zip(BACKLOGS) {
        let mut round = || -> Result<Duration> {
            load.count((TABS * backlog) as u64, look_every(TABS))?;
            emit(&mut orders, backlog)?;
            load.outcome()?;
            server.cpu()
        };
        *figure = deliveries(TABS * backlog, &mut round)?;
    }
    Ok(figures)
}

/// Has the event sent so often, one right after the other.
fn emit(orders: &mut ChildStdin, times: usize) -> Result<()> {
    writeln!(orders, "{times} {EVENT}").context("Socket.IO has ended")
}
