//! The load generator: a process of its own, so that what it costs is not counted as ours.
//!
//! It is told what to do by lines of JSON on its standard input and answers each with one line.

mod dialect;
mod fleet;
mod frame;

use std::{
    io::{BufRead, BufReader, Write},
    process::{ChildStdin, ChildStdout},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use self::fleet::Fleet;
pub(crate) use self::{
    dialect::{Dialect, LIVE},
    fleet::now_ns,
    frame::text,
};
use crate::process::{Core, Process};

/// How long without news is given up on.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    /// Let go of all connections and make new ones.
    Connect {
        dialect: Dialect,
        address: String,
        count: usize,
    },
    /// Read what comes, for so long.
    Rest { ms: u64 },
    /// Wait for so many events, looking every `every_us`.
    Count { events: u64, every_us: u64 },
    /// Wait for so many events, woken by each, and say how old they were.
    Time { events: u64 },
}

/// What came of an order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) seconds: f64,
    pub(crate) events: u64,
    pub(crate) bytes: u64,
    /// The highest position that a `live` named.
    pub(crate) pos: i64,
    /// How old events were, in nanoseconds: the 50th, 90th and 99th of a hundred.
    pub(crate) ages: Option<[u64; 3]>,
}

/// A load generator that runs.
pub(crate) struct Load {
    orders: ChildStdin,
    outcomes: BufReader<ChildStdout>,
    _process: Process,
}

impl Load {
    pub(crate) fn start() -> Result<Self> {
        let itself = std::env::current_exe()?;
        let mut process = Process::start(Core::Load, &itself, &["load"])?;
        let orders = process.stdin()?;
        let outcomes = process.stdout()?;
        Ok(Self {
            orders,
            outcomes,
            _process: process,
        })
    }

    /// Makes connections in place of those there were, and waits until each is served.
    pub(crate) fn connect(
        &mut self,
        dialect: Dialect,
        address: &str,
        count: usize,
    ) -> Result<Outcome> {
        let address = address.to_owned();
        self.order(&Order::Connect {
            dialect,
            address,
            count,
        })?;
        self.outcome()
    }

    /// Reads what comes, for so long, and forgets it.
    pub(crate) fn rest(&mut self, time: Duration) -> Result<()> {
        let ms = u64::try_from(time.as_millis())?;
        self.order(&Order::Rest { ms })?;
        self.outcome().map(drop)
    }

    /// Begins to wait for events that are sent from now on.
    pub(crate) fn count(&mut self, events: u64, every: Duration) -> Result<()> {
        let every_us = u64::try_from(every.as_micros())?;
        self.order(&Order::Count { events, every_us })
    }

    /// Begins to wait for events and to note how old they are.
    pub(crate) fn time(&mut self, events: u64) -> Result<()> {
        self.order(&Order::Time { events })
    }

    fn order(&mut self, order: &Order) -> Result<()> {
        let mut line = serde_json::to_vec(order)?;
        line.push(b'\n');
        Ok(self.orders.write_all(&line)?)
    }

    /// What came of the last order.
    pub(crate) fn outcome(&mut self) -> Result<Outcome> {
        let mut line = String::new();
        self.outcomes.read_line(&mut line)?;
        if line.is_empty() {
            bail!("the load generator has ended");
        }
        serde_json::from_str(&line).with_context(|| format!("the load generator says {line}"))
    }
}

/// The load generator itself.
pub(crate) fn run() -> Result<()> {
    let mut fleet = Fleet::new(Dialect::Frames)?;
    for line in std::io::stdin().lines() {
        let order = serde_json::from_str(&line?)?;
        let begun = now_ns();
        let ages = carry_out(order, &mut fleet)?;
        let tally = std::mem::take(&mut fleet.tally);
        let outcome = Outcome {
            seconds: (now_ns() - begun) as f64 / 1e9,
            events: tally.events,
            bytes: tally.bytes,
            pos: tally.pos,
            ages,
        };
        let mut out = std::io::stdout().lock();
        serde_json::to_writer(&mut out, &outcome)?;
        out.write_all(b"\n")?;
        out.flush()?;
    }
    Ok(())
}

fn carry_out(order: Order, fleet: &mut Fleet) -> Result<Option<[u64; 3]>> {
    match order {
        Order::Connect {
            dialect,
            address,
            count,
        } => {
            *fleet = Fleet::new(dialect)?;
            fleet.connect(&address, count)?;
            Ok(None)
        }
        Order::Rest { ms } => {
            let over = now_ns() + ms * 1_000_000;
            while now_ns() < over {
                fleet.sweep()?;
                std::thread::sleep(Duration::from_millis(10));
            }
            Ok(None)
        }
        Order::Count { events, every_us } => {
            let give_up = now_ns() + PATIENCE.as_nanos() as u64;
            while fleet.tally.events < events {
                fleet.sweep()?;
                if fleet.tally.events < events {
                    std::thread::sleep(Duration::from_micros(every_us));
                }
                if now_ns() > give_up {
                    bail!("{} of {events} events came", fleet.tally.events);
                }
            }
            Ok(None)
        }
        Order::Time { events } => {
            fleet.tally.ages = Some(Vec::new());
            while fleet.tally.events < events {
                fleet.wait(PATIENCE)?;
            }
            let mut ages = fleet.tally.ages.take().unwrap_or_default();
            ages.sort_unstable();
            let at = |percent: usize| ages.get(ages.len() * percent / 100).copied();
            Ok(at(50)
                .zip(at(90))
                .zip(at(99))
                .map(|((p50, p90), p99)| [p50, p90, p99]))
        }
    }
}
