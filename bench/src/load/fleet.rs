//! Many connections on one thread.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use mio::{Events, Interest, Poll, Token};

use super::{
    dialect::{Dialect, Meaning, answer},
    frame,
};

/// The most clients who wait to be served: fewer than a listener's queue holds.
const UPGRADES: usize = 100;
/// What is read at once, in bytes; longer than what waits in a socket as a rule.
const READ_BYTES: usize = 256 << 10;
/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Fleet {
    dialect: Dialect,
    poll: Poll,
    tabs: Vec<Tab>,
    ready: usize,
    buffer: Vec<u8>,
    pub(super) tally: Tally,
}

/// What has come since it was last taken.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) events: u64,
    pub(super) bytes: u64,
    /// When they are kept: how old each event was, in nanoseconds.
    pub(super) ages: Option<Vec<u64>>,
    /// The highest position that a `live` named.
    pub(super) pos: i64,
}

struct Tab {
    stream: mio::net::TcpStream,
    /// The answer to the upgrade is behind us.
    upgraded: bool,
    /// The beginning of a frame whose end has not come.
    carry: Vec<u8>,
}

impl Fleet {
    pub(super) fn new(dialect: Dialect) -> Result<Self> {
        Ok(Self {
            dialect,
            poll: Poll::new()?,
            tabs: Vec::new(),
            ready: 0,
            buffer: vec![0; READ_BYTES],
            tally: Tally::default(),
        })
    }

    /// Connects `count` clients and waits until each is served.
    pub(super) fn connect(&mut self, address: &str, count: usize) -> Result<()> {
        while self.ready < count {
            while self.tabs.len() < count && self.tabs.len() - self.ready < UPGRADES {
                self.open(address)?;
            }
            if self.ready < count {
                self.wait(PATIENCE)?;
            }
        }
        Ok(())
    }

    fn open(&mut self, address: &str) -> Result<()> {
        let index = self.tabs.len();
        let mut stream = TcpStream::connect(address).context("connecting a client")?;
        stream.set_nodelay(true)?;
        let request = self.dialect.request(index as u64, address);
        if let Some(request) = &request {
            stream.write_all(request.as_bytes())?;
        }
        stream.set_nonblocking(true)?;
        let mut stream = mio::net::TcpStream::from_std(stream);
        self.poll
            .registry()
            .register(&mut stream, Token(index), Interest::READABLE)?;
        self.tabs.push(Tab {
            stream,
            upgraded: request.is_none(),
            carry: Vec::new(),
        });
        Ok(())
    }

    /// Waits until something has come, and reads it.
    pub(super) fn wait(&mut self, patience: Duration) -> Result<()> {
        let mut events = Events::with_capacity(1024);
        self.poll.poll(&mut events, Some(patience))?;
        if events.is_empty() {
            bail!(
                "{} of {} clients are served, and nothing came for {patience:?}",
                self.ready,
                self.tabs.len()
            );
        }
        for event in &events {
            self.read(event.token().0)?;
        }
        Ok(())
    }

    /// Reads each connection once: cheaper than to be told which, when nearly all have something.
    pub(super) fn sweep(&mut self) -> Result<()> {
        (0..self.tabs.len()).try_for_each(|index| self.read(index))
    }

    fn read(&mut self, index: usize) -> Result<()> {
        loop {
            let tab = &mut self.tabs[index];
            let count = match tab.stream.read(&mut self.buffer) {
                Ok(0) => bail!("client {index} was disconnected"),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("reading"),
            };
            self.tally.bytes += count as u64;
            self.take(index, count)?;
            if count < self.buffer.len() {
                return Ok(());
            }
        }
    }

    fn take(&mut self, index: usize, count: usize) -> Result<()> {
        let tab = &mut self.tabs[index];
        let mut joined = std::mem::take(&mut tab.carry);
        let mut bytes = if joined.is_empty() {
            &self.buffer[..count]
        } else {
            joined.extend_from_slice(&self.buffer[..count]);
            &joined[..]
        };
        if !tab.upgraded {
            let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
                tab.carry = bytes.to_vec();
                return Ok(());
            };
            if !bytes.starts_with(b"HTTP/1.1 101") {
                bail!("refused: {}", String::from_utf8_lossy(bytes));
            }
            tab.upgraded = true;
            bytes = &bytes[end + 4..];
        }
        while let Some((payload, rest)) = frame::split(bytes) {
            match self.dialect.meaning(payload) {
                Meaning::Event => self.tally.event(payload),
                Meaning::Ready => {
                    self.ready += 1;
                    self.tally.live(payload);
                }
                Meaning::Answer(text) => tab.stream.write_all(&answer(text))?,
                Meaning::Nothing => {}
            }
            bytes = rest;
        }
        tab.carry = bytes.to_vec();
        Ok(())
    }
}

impl Tally {
    fn event(&mut self, payload: &[u8]) {
        self.events += 1;
        if let Some(ages) = &mut self.ages
            && let Some(sent) = number_behind(payload, b"at:")
        {
            ages.push(now_ns().saturating_sub(sent.unsigned_abs()));
        }
    }

    fn live(&mut self, payload: &[u8]) {
        if let Some(pos) = number_behind(payload, b"\"pos\":") {
            self.pos = self.pos.max(pos);
        }
    }
}

/// The time that all processes of this machine share, in nanoseconds.
pub(crate) fn now_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
}

fn number_behind(text: &[u8], mark: &[u8]) -> Option<i64> {
    let at = text.windows(mark.len()).position(|window| window == mark)?;
    let digits = text[at + mark.len()..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0, |number, digit| number * 10 + i64::from(digit - b'0')))
}
