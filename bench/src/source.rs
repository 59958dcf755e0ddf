//! What stands for the server at a gateway's link, so that exactly so many envelopes wait for the
//! gateway at a time. It speaks the server's side of events.sock and says what it is told to.

use std::{
    io::{Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel},
    thread,
    time::Duration,
};

use antiphon_api::{
    events::Keep,
    ids::{Pos, UnixUs, UserId},
};
use antiphon_wire::{
    Decoder, EVENTS_SOCKET, Envelope, FromServer, HEARTBEAT_MS, LINK_VERSION, Recipients, encode,
};
use anyhow::{Context, Result};
use rustix::time::ClockId;
use serde_json::value::RawValue;

/// Where its log begins.
const FIRST: i64 = 1_000_000;

pub(crate) struct Source {
    link: SyncSender<Vec<u8>>,
    next: i64,
}

impl Source {
    /// Waits for a gateway in a folder of sockets.
    pub(crate) fn listen(folder: &Path) -> Result<Self> {
        let listener = UnixListener::bind(folder.join(EVENTS_SOCKET))?;
        let (link, said) = sync_channel::<Vec<u8>>(1);
        thread::spawn(move || -> Result<()> {
            let (mut stream, _) = listener.accept()?;
            greet(&mut stream)?;
            let mut reader = stream.try_clone()?;
            thread::spawn(move || drain(&mut reader));
            let silence = Duration::from_millis(HEARTBEAT_MS);
            loop {
                match said.recv_timeout(silence) {
                    Ok(bytes) => stream.write_all(&bytes)?,
                    Err(RecvTimeoutError::Timeout) => stream.write_all(&heartbeat()?)?,
                    Err(RecvTimeoutError::Disconnected) => return Ok(()),
                }
            }
        });
        Ok(Self {
            link,
            next: FIRST + 1,
        })
    }

    /// So many envelopes of this event for these users, in one write.
    pub(crate) fn say(&mut self, event: &str, to: &[UserId], batch: usize) -> Result<()> {
        let mut bytes = Vec::new();
        let committed = UnixUs(rustix::time::clock_gettime(ClockId::Realtime).tv_sec * 1_000_000);
        for _ in 0..batch {
            let envelope = Envelope {
                pos: Some(Pos(self.next)),
                keep: Keep::Log,
                to: Recipients::Users(to.to_vec()),
                key: None,
                committed_us: Some(committed),
                event: RawValue::from_string(event.to_owned())?,
            };
            encode(&FromServer::Envelope(envelope), &mut bytes)?;
            self.next += 1;
        }
        self.link
            .send(bytes)
            .context("the gateway has left its link")
    }
}

fn greet(stream: &mut UnixStream) -> Result<()> {
    let mut decoder = Decoder::default();
    let mut buffer = [0; 1024];
    while decoder.next_message()?.is_none() {
        let count = stream.read(&mut buffer)?;
        decoder.buffer().extend_from_slice(&buffer[..count]);
    }
    let hello = FromServer::Hello {
        v: LINK_VERSION,
        head: Pos(FIRST),
        oldest: Pos(FIRST),
        reset: false,
    };
    let mut bytes = Vec::new();
    encode(&hello, &mut bytes)?;
    bytes.extend(heartbeat()?);
    Ok(stream.write_all(&bytes)?)
}

fn heartbeat() -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    encode(&FromServer::Heartbeat { head: Pos(FIRST) }, &mut bytes)?;
    Ok(bytes)
}

/// Takes the gateway's leases, which concern nobody here.
fn drain(stream: &mut UnixStream) {
    let mut buffer = [0; 64 << 10];
    while matches!(stream.read(&mut buffer), Ok(1..)) {}
}
