//! The floor: a process that does nothing but write the same frames to the same sockets, one
//! `write` a socket. No gateway can be cheaper on this machine.

use std::{
    io::{BufReader, Write},
    net::{TcpListener, TcpStream},
    process::ChildStdin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::{
    load,
    process::{Core, Process},
};

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    /// To each client this text, so many times in one write.
    Fan { text: String, batch: usize },
    /// To each client a text with the time in it, so often, from one to the next so long.
    Pace {
        head: String,
        tail: String,
        events: u64,
        every_us: u64,
    },
}

/// A floor that runs.
pub(crate) struct Floor {
    pub(crate) process: Process,
    pub(crate) address: String,
    orders: ChildStdin,
}

impl Floor {
    pub(crate) fn start() -> Result<Self> {
        let itself = std::env::current_exe()?;
        let mut process = Process::start(Core::Measured, &itself, &["floor"])?;
        let orders = process.stdin()?;
        let address = process.says()?.trim().to_owned();
        Ok(Self {
            process,
            address,
            orders,
        })
    }

    pub(crate) fn fan(&mut self, text: &str, batch: usize) -> Result<()> {
        let text = text.to_owned();
        self.order(&Order::Fan { text, batch })
    }

    /// Each text is `head`, the time in nanoseconds, `tail`.
    pub(crate) fn pace(
        &mut self,
        [head, tail]: [&str; 2],
        events: u64,
        every: Duration,
    ) -> Result<()> {
        self.order(&Order::Pace {
            head: head.to_owned(),
            tail: tail.to_owned(),
            events,
            every_us: u64::try_from(every.as_micros())?,
        })
    }

    fn order(&mut self, order: &Order) -> Result<()> {
        let mut line = serde_json::to_vec(order)?;
        line.push(b'\n');
        Ok(self.orders.write_all(&line)?)
    }
}

/// The floor itself.
#[expect(
    clippy::print_stdout,
    reason = "its address is what its parent waits for"
)]
pub(crate) fn run() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    let clients: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
    let accepted = Arc::clone(&clients);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let greeted = stream.write_all(&load::text(load::LIVE));
            if stream.set_nodelay(true).and(greeted).is_ok() {
                accepted
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(stream);
            }
        }
    });
    let orders = BufReader::new(std::io::stdin());
    for order in serde_json::Deserializer::from_reader(orders).into_iter() {
        let mut clients = clients.lock().unwrap_or_else(PoisonError::into_inner);
        carry_out(order?, &mut clients);
    }
    Ok(())
}

fn carry_out(order: Order, clients: &mut Vec<TcpStream>) {
    match order {
        Order::Fan { text, batch } => write(&load::text(text.as_bytes()).repeat(batch), clients),
        Order::Pace {
            head,
            tail,
            events,
            every_us,
        } => {
            let every = every_us * 1_000;
            let begun = load::now_ns();
            for number in 0..events {
                let due = begun + number * every;
                std::thread::sleep(Duration::from_nanos(due.saturating_sub(load::now_ns())));
                let text = format!("{head}{}{tail}", load::now_ns());
                write(&load::text(text.as_bytes()), clients);
            }
        }
    }
}

/// Forgets who has left.
fn write(frames: &[u8], clients: &mut Vec<TcpStream>) {
    clients.retain_mut(|client| client.write_all(frames).is_ok());
}
