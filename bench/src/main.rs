//! `cargo run --release -p bench -- SCENARIO`: how fast it is.
//!
//! What is measured, what makes the load and the floor are processes of their own, the first on one
//! core and the second on another. Where there is a floor, a figure stands beside that of the same
//! run, because machines differ and are seldom quiet: rounds alternate, the median counts, and only
//! ratios are compared.

mod antiphon;
mod floor;
mod load;
mod process;
mod report;
mod results;
mod rpc;
mod scenario;
mod source;
mod town;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// How fast Antiphon is, beside the floor and beside others.
#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    command: Command,
    /// How often each figure is taken; the median counts.
    #[arg(long, global = true, default_value_t = 3)]
    rounds: usize,
    /// Measure this daemon; the one of this tree, built first, unless given.
    #[arg(long, global = true)]
    program: Option<PathBuf>,
}

#[derive(Clone, Copy, Subcommand)]
enum Command {
    /// One event to N users: the gateway's CPU beside that of a loop that only writes.
    Fanout,
    /// 10,000 idle sessions: their memory.
    Idle,
    /// Answered mutations a second.
    Commit,
    /// From commit to tab.
    Latency,
    /// 10,000 tabs dropped at once: until all are live again.
    Resume,
    /// The same fan-out through Socket.IO.
    Socketio,
    /// All of them, one after the other.
    All,
    /// Writes RESULTS.md and its plots from what was found last.
    Report,
    #[command(hide = true)]
    Load,
    #[command(hide = true)]
    Floor,
}

fn main() -> Result<()> {
    let Args {
        command,
        rounds,
        program,
    } = Args::parse();
    let run = |names: &[&str]| scenario::run(names, rounds, program.as_deref());
    match command {
        Command::Load => load::run(),
        Command::Floor => floor::run(),
        Command::Report => report::write(),
        Command::Fanout => run(&["fanout"]),
        Command::Idle => run(&["idle"]),
        Command::Commit => run(&["commit"]),
        Command::Latency => run(&["latency"]),
        Command::Resume => run(&["resume"]),
        Command::Socketio => run(&["socketio"]),
        Command::All => run(&scenario::ALL),
    }
}
