//! One gateway's connection to events.sock.
//!
//! The gateway says how far it has read; the server says whether it knows that position, sends
//! the revocations in force and a heartbeat that ends them, and then everything after it. The gateway's leases come the other
//! way. Both directions run until either ends; the gateway then comes back with its position.

use std::{error::Error, sync::Arc, time::Duration};

use antiphon_api::ids::Pos;
use antiphon_store::{ReadError, log, revocation};
use antiphon_wire::{
    CodecError, Decoder, FromGateway, FromServer, HEARTBEAT_MS, LINK_VERSION, encode,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::unix::{OwnedReadHalf, OwnedWriteHalf},
    sync::watch,
    task::JoinSet,
    time::{Instant, MissedTickBehavior},
};

use super::{Encoded, outbox::Outbox, outbox::Overflown, resolve};
use crate::{
    clock,
    context::{Failure, Shared},
    listen::{Listener, PrivateListener},
    metrics::Progress,
    stop::asked,
};

/// A gateway that has not said hello by then is dropped.
const HELLO_TIMEOUT: Duration = Duration::from_secs(10);
/// A gateway that takes nothing for so long is dropped; it comes back with its position.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// How much goes into one write, in bytes.
const WRITE_BYTES: usize = 256 << 10;
/// The most gateways at once.
const MAX_LINKS: usize = 64;

#[derive(Debug, thiserror::Error)]
enum LinkError {
    #[error("the gateway said no hello")]
    NoHello,
    #[error("the gateway speaks version {0} of the link, this server {LINK_VERSION}")]
    Version(u32),
    #[error("the gateway said something that is not of this protocol")]
    Malformed(#[source] serde_json::Error),
    #[error("the link's bytes cannot be read")]
    Codec(#[from] CodecError),
    #[error("the link broke")]
    Io(#[from] std::io::Error),
    #[error("the gateway takes nothing")]
    Stalled,
    #[error("the log no longer reaches back to where the gateway is")]
    Overtaken,
    #[error("too much waits for the gateway")]
    Overflown,
    #[error("the log cannot be read")]
    Database(#[source] Failure),
}

impl From<Overflown> for LinkError {
    fn from(_: Overflown) -> Self {
        Self::Overflown
    }
}

/// Serves events.sock until `stop` turns true.
pub(crate) async fn serve(
    listener: PrivateListener,
    shared: Arc<Shared>,
    mut stop: watch::Receiver<bool>,
) {
    let mut links = JoinSet::new();
    let mut number = 0;
    loop {
        tokio::select! {
            () = asked(&mut stop) => return,
            Some(_) = links.join_next() => {}
            accepted = listener.accept(), if links.len() < MAX_LINKS => match accepted {
                Ok(stream) => {
                    let shared = Arc::clone(&shared);
                    number += 1;
                    links.spawn(async move {
                        let (reader, writer) = stream.into_split();
                        run(reader, writer, number, &shared).await;
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a gateway");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

/// `number` rises from link to link.
async fn run(reader: OwnedReadHalf, mut writer: OwnedWriteHalf, number: u64, shared: &Arc<Shared>) {
    let mut inbound = Inbound {
        reader,
        decoder: Decoder::default(),
    };
    let hello = tokio::time::timeout(HELLO_TIMEOUT, inbound.hello()).await;
    let Ok(Ok(Hello { name, boot, after })) = hello else {
        tracing::warn!("a gateway said no proper hello");
        return;
    };
    tracing::info!(
        gateway = name,
        boot,
        after = after.map(Pos::get),
        "gateway linked"
    );
    let outbox = shared.fanout.open_outbox();
    let start = after.unwrap_or_else(|| shared.store.head());
    let progress = shared.metrics.links.begin(&boot, number, start);
    let ended = tokio::select! {
        ended = send(&mut writer, after, &progress, shared, &outbox) => ended,
        ended = inbound.leases(&boot, number, shared) => ended,
    };
    drop(progress);
    shared.fanout.close_outbox(&outbox);
    shared.presence.link_lost(&boot, number);
    match ended {
        Ok(()) => tracing::info!(gateway = name, boot, "gateway left"),
        Err(error) => {
            let error = &error as &dyn Error;
            tracing::warn!(gateway = name, boot, error, "gateway lost");
        }
    }
}

struct Inbound {
    reader: OwnedReadHalf,
    decoder: Decoder,
}

struct Hello {
    name: String,
    boot: String,
    after: Option<Pos>,
}

impl Inbound {
    /// The gateway's next message; `None` at the end of the stream.
    async fn message(&mut self) -> Result<Option<FromGateway>, LinkError> {
        loop {
            if let Some(bytes) = self.decoder.next_message()? {
                return serde_json::from_slice(&bytes)
                    .map(Some)
                    .map_err(LinkError::Malformed);
            }
            if self.reader.read_buf(self.decoder.buffer()).await? == 0 {
                return Ok(None);
            }
        }
    }

    async fn hello(&mut self) -> Result<Hello, LinkError> {
        match self.message().await? {
            Some(FromGateway::Hello {
                v: LINK_VERSION,
                gateway,
                boot,
                after,
            }) => Ok(Hello {
                name: gateway,
                boot,
                after,
            }),
            Some(FromGateway::Hello { v, .. }) => Err(LinkError::Version(v)),
            Some(FromGateway::Leases { .. }) | None => Err(LinkError::NoHello),
        }
    }

    async fn leases(&mut self, boot: &str, number: u64, shared: &Shared) -> Result<(), LinkError> {
        while let Some(message) = self.message().await? {
            match message {
                FromGateway::Leases { full, changes } => {
                    shared.presence.leases(boot, number, full, &changes);
                }
                FromGateway::Hello { .. } => return Err(LinkError::NoHello),
            }
        }
        Ok(())
    }
}

async fn send(
    writer: &mut OwnedWriteHalf,
    after: Option<Pos>,
    progress: &Progress,
    shared: &Arc<Shared>,
    outbox: &Outbox,
) -> Result<(), LinkError> {
    let mut out = Vec::new();
    let mut cursor = greet(&mut out, after, shared).await?;
    let mut envelopes = shared.fanout.tail.subscribe();
    let mut heartbeat = tokio::time::interval_at(
        Instant::now() + Duration::from_millis(HEARTBEAT_MS),
        Duration::from_millis(HEARTBEAT_MS),
    );
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let bytes = out.len() as u64;
        write(writer, &mut out).await?;
        progress.written(cursor);
        shared.metrics.link_bytes.inc_by(bytes);
        tokio::select! {
            changed = envelopes.wait_for(|head| *head > cursor) => {
                if changed.is_err() {
                    return Ok(());
                }
            }
            () = outbox.filled.notified() => {}
            _ = heartbeat.tick() => {
                encode(&FromServer::Heartbeat { head: shared.store.head() }, &mut out)?;
            }
        }
        for envelope in after_cursor(shared, cursor).await? {
            cursor = envelope.pos;
            out.extend_from_slice(&envelope.bytes);
        }
        outbox.drain(&mut out, WRITE_BYTES)?;
    }
}

/// Writes the hello, the revocations in force and a heartbeat, by which a gateway that lets nobody
/// in before it knows them sees that these were all. Returns where the stream starts.
async fn greet(out: &mut Vec<u8>, after: Option<Pos>, shared: &Shared) -> Result<Pos, LinkError> {
    let now = clock::now();
    let read = shared.store.read(move |db| {
        let honoured = match after {
            Some(pos) => log::is_known(db, pos)?,
            None => false,
        };
        let hello = FromServer::Hello {
            v: LINK_VERSION,
            head: log::head(db)?,
            oldest: log::oldest(db)?,
            reset: after.is_some() && !honoured,
        };
        Ok::<_, Failure>((
            hello,
            revocation::live(db, now)?,
            after.filter(|_| honoured),
            log::head(db)?,
        ))
    });
    let (hello, revocations, start, head) = read
        .await
        .map_err(|error: ReadError<Failure>| LinkError::Database(error.into()))?;
    encode(&hello, out)?;
    for revocation in revocations {
        encode(&FromServer::Revoke(revocation), out)?;
    }
    encode(&FromServer::Heartbeat { head }, out)?;
    Ok(start.unwrap_or(head))
}

async fn after_cursor(shared: &Shared, cursor: Pos) -> Result<Vec<Encoded>, LinkError> {
    if let Some(recent) = shared.fanout.tail.after(cursor, usize::MAX, WRITE_BYTES) {
        return Ok(recent);
    }
    let read = shared.store.read(move |db| resolve::page_after(db, cursor));
    read.await
        .map_err(|error| LinkError::Database(error.into()))?
        .ok_or(LinkError::Overtaken)
}

async fn write(writer: &mut OwnedWriteHalf, out: &mut Vec<u8>) -> Result<(), LinkError> {
    tokio::time::timeout(WRITE_TIMEOUT, writer.write_all(out))
        .await
        .map_err(|_| LinkError::Stalled)??;
    out.clear();
    out.shrink_to(WRITE_BYTES);
    Ok(())
}
