//! Following the server's log.
//!
//! The link says where it was and goes on from there, however often it breaks. Only the first
//! hello and a `reset` set a position; heartbeats never do. Until the first hello and all the
//! revocations behind it nobody is served.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use antiphon_api::{
    events::Keep,
    ids::{Pos, Principal},
};
use antiphon_session::Entry;
use antiphon_wire::{
    CodecError, Decoder, Envelope, FromGateway, FromServer, LEASE_GRACE_MS, LINK_VERSION,
    Malformed, Recipients, SILENCE_MS, encode,
};
use prometheus_client::metrics::counter::Counter;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{broadcast, watch},
    time::Instant,
};

use crate::{
    directory::{Directory, SHARDS},
    metrics::Metrics,
    probe::Passed,
};

/// The pause between two attempts to reach the server: the first, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The pause between the tabs of one shard and the next when they are to ask anew.
const RENEWAL_STEP: Duration = Duration::from_millis(100);

/// What is read of the link at once, in bytes.
const READ_BYTES: usize = 256 << 10;

/// The most events that are handed on in one go; a shard is locked for so many at most.
const EVENTS_AT_ONCE: usize = 16;

/// How things stand between gateway and server.
#[derive(Clone, Default)]
pub(crate) struct LinkState {
    /// All sessions, from the first hello and its revocations on.
    pub(crate) directory: Option<Arc<Directory>>,
    pub(crate) up: bool,
}

/// What a link needs to begin again.
pub(crate) struct Link {
    pub(crate) socket: PathBuf,
    pub(crate) session: antiphon_session::Config,
    pub(crate) tabs_per_user: usize,
    /// Names this process among all that ever were.
    pub(crate) boot: String,
    pub(crate) state: watch::Sender<LinkState>,
    /// Where events to the probe are told, if there is a canary.
    pub(crate) passed: Option<broadcast::Sender<Passed>>,
    pub(crate) metrics: Metrics,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    #[error("cannot reach the server")]
    Connect(#[source] std::io::Error),
    #[error("the link broke")]
    Io(#[from] std::io::Error),
    #[error("the server closed the link")]
    Closed,
    #[error("the server has said nothing for {SILENCE_MS} ms")]
    Silent,
    #[error("the link's bytes cannot be read")]
    Codec(#[from] CodecError),
    #[error("the server said something that is not of this protocol")]
    Malformed(#[from] Malformed),
    #[error("the server speaks version {0} of the link, this gateway {LINK_VERSION}")]
    Version(u32),
    #[error("the server did not begin with a hello")]
    NoHello,
    #[error("an event of the log came without its position")]
    NoPosition,
    #[error("the event at {0} is no object")]
    NotAnEvent(Pos),
}

impl Link {
    /// Follows the log until dropped.
    pub(crate) async fn follow(self) {
        let mut after = None;
        let mut renewal = None;
        let mut pause = FIRST_PAUSE;
        loop {
            let error = match self.run(&mut after, &mut renewal).await {
                Ok(never) => match never {},
                Err(error) => error,
            };
            let was_up = self
                .state
                .send_if_modified(|state| std::mem::take(&mut state.up));
            if was_up {
                self.metrics.link_losses.inc();
                tracing::warn!(%error, "lost the server; reconnecting");
                pause = FIRST_PAUSE;
            } else {
                tracing::debug!(%error, "no server yet");
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            tokio::time::sleep(pause).await;
        }
    }

    async fn run(
        &self,
        after: &mut Option<Pos>,
        renewal: &mut Option<Instant>,
    ) -> Result<std::convert::Infallible, LinkError> {
        let read_bytes = self.metrics.link_read_bytes.clone();
        let (mut inbound, mut writer) =
            connect(&self.socket, "gateway", &self.boot, *after, read_bytes).await?;
        if after.is_some() {
            renewal.get_or_insert_with(|| Instant::now() + Duration::from_millis(LEASE_GRACE_MS));
        }
        let directory = self.greeted(inbound.next().await?, after)?;
        let next = revocations(&mut inbound, &directory).await?;
        write(&mut writer, &directory.leases.full()).await?;
        tracing::info!(after = after.map(Pos::get), "linked to the server");
        self.state.send_modify(|state| {
            state.directory = Some(Arc::clone(&directory));
            state.up = true;
        });
        tokio::select! {
            ended = self.receive(&mut inbound, &directory, after, next) => ended,
            ended = tell(&mut writer, &directory) => ended,
            never = renew(&directory, renewal) => match never {},
        }
    }

    /// The server's hello: where the stream starts, and whether what we know still stands.
    fn greeted(
        &self,
        message: FromServer,
        after: &mut Option<Pos>,
    ) -> Result<Arc<Directory>, LinkError> {
        let FromServer::Hello { v, head, reset, .. } = message else {
            return Err(LinkError::NoHello);
        };
        if v != LINK_VERSION {
            return Err(LinkError::Version(v));
        }
        let known = self.state.borrow().directory.clone();
        let start = if reset { head } else { after.unwrap_or(head) };
        *after = Some(start);
        if let Some(directory) = known {
            if reset {
                tracing::warn!("the server's log is another one; closing all tabs");
                self.metrics.link_resets.inc();
                directory.reset(start);
            }
            return Ok(directory);
        }
        let directory = Directory::new(&self.session, self.tabs_per_user, start);
        Ok(Arc::new(directory))
    }

    /// Takes in everything from `message` on.
    async fn receive(
        &self,
        inbound: &mut Inbound,
        directory: &Directory,
        after: &mut Option<Pos>,
        mut message: FromServer,
    ) -> Result<std::convert::Infallible, LinkError> {
        let mut events = Vec::with_capacity(EVENTS_AT_ONCE);
        loop {
            match message {
                FromServer::Envelope(envelope) if envelope.keep == Keep::Log => {
                    self.tell_passed(&envelope);
                    events.push(logged(envelope)?);
                }
                other @ (FromServer::Envelope(_)
                | FromServer::Revoke(_)
                | FromServer::Heartbeat { .. }
                | FromServer::Hello { .. }) => {
                    self.publish(&mut events, directory, after);
                    take_in(other, directory)?;
                }
            }
            message = match inbound.decoded()? {
                Some(next) if events.len() < EVENTS_AT_ONCE => next,
                next => {
                    self.publish(&mut events, directory, after);
                    match next {
                        Some(next) => next,
                        None => inbound.next().await?,
                    }
                }
            };
        }
    }

    /// Hands on what has come from the log, if anything has.
    fn publish(
        &self,
        events: &mut Vec<(Arc<Entry>, Recipients)>,
        directory: &Directory,
        after: &mut Option<Pos>,
    ) {
        if let Some((newest, _)) = events.last() {
            directory.publish(events);
            *after = Some(newest.pos());
            self.metrics.link_events.inc_by(events.len() as u64);
            events.clear();
        }
    }

    fn tell_passed(&self, envelope: &Envelope) {
        if let Some(told) = &self.passed
            && let Some(passed) = Passed::of(envelope)
        {
            // An error means that the canary has been stopped.
            let _ = told.send(passed);
        }
    }
}

/// Reaches the server and says hello. What is read from then on is counted in `read_bytes`.
pub(crate) async fn connect(
    socket: &Path,
    name: &str,
    boot: &str,
    after: Option<Pos>,
    read_bytes: Counter,
) -> Result<(Inbound, OwnedWriteHalf), LinkError> {
    let stream = UnixStream::connect(socket)
        .await
        .map_err(LinkError::Connect)?;
    let (reader, mut writer) = stream.into_split();
    let hello = FromGateway::Hello {
        v: LINK_VERSION,
        gateway: name.to_owned(),
        boot: boot.to_owned(),
        after,
    };
    write(&mut writer, &hello).await?;
    let inbound = Inbound {
        reader,
        decoder: Decoder::default(),
        read_bytes,
    };
    Ok((inbound, writer))
}

pub(crate) struct Inbound {
    reader: OwnedReadHalf,
    decoder: Decoder,
    /// How many bytes were read.
    read_bytes: Counter,
}

impl Inbound {
    /// The next message of those that were read already.
    fn decoded(&mut self) -> Result<Option<FromServer>, LinkError> {
        let bytes = self.decoder.next_message()?;
        let message = bytes.map(|bytes| FromServer::decode(&bytes)).transpose();
        Ok(message?)
    }

    pub(crate) async fn next(&mut self) -> Result<FromServer, LinkError> {
        loop {
            if let Some(message) = self.decoded()? {
                return Ok(message);
            }
            self.decoder.buffer().reserve(READ_BYTES);
            let read = self.reader.read_buf(self.decoder.buffer());
            let read = tokio::time::timeout(Duration::from_millis(SILENCE_MS), read)
                .await
                .map_err(|_| LinkError::Silent)??;
            if read == 0 {
                return Err(LinkError::Closed);
            }
            self.read_bytes.inc_by(read as u64);
        }
    }
}

/// Takes in the revocations that follow a hello. Returns what came behind the last of them.
async fn revocations(
    inbound: &mut Inbound,
    directory: &Directory,
) -> Result<FromServer, LinkError> {
    loop {
        match inbound.next().await? {
            FromServer::Revoke(revocation) => {
                directory.revoke(revocation);
            }
            other @ (FromServer::Hello { .. }
            | FromServer::Heartbeat { .. }
            | FromServer::Envelope(_)) => return Ok(other),
        }
    }
}

/// An event of the log, and who is to have it.
fn logged(envelope: Envelope) -> Result<(Arc<Entry>, Recipients), LinkError> {
    let pos = envelope.pos.ok_or(LinkError::NoPosition)?;
    let text = envelope.event.get();
    tracing::trace!(pos = pos.get(), bytes = text.len(), "an event came");
    let entry = Entry::committed_at(pos, text, envelope.committed_us);
    Ok((entry.ok_or(LinkError::NotAnEvent(pos))?, envelope.to))
}

/// Takes in what is not from the log.
fn take_in(message: FromServer, directory: &Directory) -> Result<(), LinkError> {
    match message {
        FromServer::Envelope(envelope) => {
            let frame: Arc<[u8]> = envelope.event.get().as_bytes().into();
            directory.relay(&frame, envelope.key.as_deref(), &envelope.to);
        }
        FromServer::Revoke(revocation) => {
            let Principal::User(user_id) = revocation.principal;
            let closed = directory.revoke(revocation);
            tracing::info!(user_id = user_id.get(), closed, "tokens were revoked");
        }
        FromServer::Heartbeat { .. } => {}
        FromServer::Hello { .. } => return Err(LinkError::NoHello),
    }
    Ok(())
}

/// What is not in the log was lost with the link: once every gateway has had the time to tell the
/// server who is there, the tabs ask anew. A link that breaks again meanwhile does not put it off.
async fn renew(directory: &Directory, due: &mut Option<Instant>) -> std::convert::Infallible {
    if let Some(at) = *due {
        tokio::time::sleep_until(at).await;
        for shard in 0..SHARDS {
            directory.renew(shard);
            tokio::time::sleep(RENEWAL_STEP).await;
        }
        *due = None;
    }
    std::future::pending().await
}

async fn tell(
    writer: &mut OwnedWriteHalf,
    directory: &Directory,
) -> Result<std::convert::Infallible, LinkError> {
    loop {
        directory.leases.changed.notified().await;
        if let Some(changes) = directory.leases.take() {
            write(writer, &changes).await?;
        }
    }
}

async fn write(writer: &mut OwnedWriteHalf, message: &FromGateway) -> Result<(), LinkError> {
    let mut bytes = Vec::new();
    encode(message, &mut bytes)?;
    Ok(writer.write_all(&bytes).await?)
}
