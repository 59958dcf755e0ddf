//! What passes on events.sock.

use std::path::Path;

use antiphon_api::{
    events::{Event, ProbeSent, Stamped},
    ids::{UnixUs, UserId},
};
use antiphon_wire::{EVENTS_SOCKET, Envelope, FromServer, Recipients};
use prometheus_client::metrics::counter::Counter;
use tokio::{
    net::unix::OwnedWriteHalf,
    sync::broadcast::{self, error::RecvError},
    task::JoinSet,
    time::Instant,
};

use crate::link::{Inbound, LinkError, connect};

/// How many events to the probe are kept for who looks for theirs; of more the oldest is lost, and
/// late for who waits for it.
pub(super) const KEPT: usize = 64;

/// An event to the probe, when it passed, and when the server says it was committed.
#[derive(Clone, Debug)]
pub(crate) struct Passed {
    nonce: String,
    pub(super) at: Instant,
    pub(super) committed: Option<UnixUs>,
}

impl Passed {
    /// `None` for whatever is not to the probe alone, which is told by its recipients.
    pub(crate) fn of(envelope: &Envelope) -> Option<Self> {
        let Recipients::Users(users) = &envelope.to else {
            return None;
        };
        if users[..] != [UserId::PROBE] {
            return None;
        }
        match serde_json::from_str(envelope.event.get()) {
            Ok(Stamped {
                event: Event::ProbeSent(ProbeSent { nonce }),
                ..
            }) => Some(Self {
                nonce,
                at: Instant::now(),
                committed: envelope.committed_us,
            }),
            _ => None,
        }
    }
}

/// The event with this nonce, once it passes; never, once nobody listens any more.
pub(super) async fn passing(heard: &mut broadcast::Receiver<Passed>, nonce: &str) -> Passed {
    loop {
        match heard.recv().await {
            Ok(passed) if passed.nonce == nonce => return passed,
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// A link of one's own, which has no tabs to tell of.
pub(super) struct Ear {
    pub(super) heard: broadcast::Receiver<Passed>,
    _listening: JoinSet<()>,
    /// The server takes the end of what we say for the end of the link.
    _writer: OwnedWriteHalf,
}

impl Ear {
    /// From here on everything that is committed is heard.
    pub(super) async fn open(run: &Path) -> Result<Self, LinkError> {
        let boot = getrandom::u64().map_err(|error| LinkError::Io(error.into()))?;
        let boot = format!("{boot:016x}");
        let (socket, uncounted) = (run.join(EVENTS_SOCKET), Counter::default());
        let (mut inbound, writer) = connect(&socket, "probe", &boot, None, uncounted).await?;
        while !matches!(inbound.next().await?, FromServer::Heartbeat { .. }) {}
        let (told, heard) = broadcast::channel(KEPT);
        let mut listening = JoinSet::new();
        listening.spawn(listen(inbound, told));
        Ok(Self {
            heard,
            _listening: listening,
            _writer: writer,
        })
    }
}

/// Until the link ends: what does not come then is late.
async fn listen(mut inbound: Inbound, told: broadcast::Sender<Passed>) {
    while let Ok(message) = inbound.next().await {
        if let FromServer::Envelope(envelope) = message
            && let Some(passed) = Passed::of(&envelope)
        {
            // An error means that nobody waits for it any more.
            let _ = told.send(passed);
        }
    }
}
