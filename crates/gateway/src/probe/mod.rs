//! Whether what is committed arrives: an event is sent to the probe and looked for on its way.
//!
//! A tab of the probe is open, at the gateway's own address and let in by a ticket, as any browser's
//! is. Then `probe.send` is asked for over rpc.sock, and these times are taken, all from the moment
//! of asking and by one monotonic clock, since all sockets lead to one machine:
//!
//! - `committed`: the COMMIT was over, as the event on events.sock says: by the wall's clock, which
//!   server and gateway share. The server does not say it of an event that it had to read back from
//!   its log, as when it has much to give out; then this alone is not known.
//! - `answered`: the server's answer is here. It comes after the commit.
//! - `linked`: the event came over events.sock. To the [canary](canary) that is the gateway's own
//!   link, to others one that they [open themselves](ear).
//! - `delivered`: the frame was read from the WebSocket.
//!
//! An answer and an event are on their way at the same time: either may be here first. On the
//! gateway's own link an event is never later than in its tab.
//!
//! Who asks is `antiphon doctor`, once, or the [canary](canary), again and again. It is the one thing
//! this gateway knows of events: the type and the nonce of those to the probe.

mod canary;
mod ear;

use std::{error::Error, path::Path, time::Duration};

use antiphon_api::{
    events::{Event, ProbeSent},
    frame::ServerFrame,
    ids::UnixUs,
    method::NoParams,
    methods::probe::{Send, SendParams, Ticket},
};
use antiphon_client::{
    Auth, CallError, Rpc, Stream, Target,
    stream::{Closed, ConnectError, Content},
};
use antiphon_wire::RPC_SOCKET;
use tokio::{sync::broadcast, time::Instant};

pub use self::canary::reachable;
use self::ear::Ear;
pub(crate) use self::{
    canary::{Arrived, Canary},
    ear::Passed,
};
use crate::clock;

/// When each thing had happened, from the moment of asking: each a [`Hop`], or of a probe that arrived
/// the time alone.
#[derive(Clone, Copy, Debug)]
pub struct Hops<T> {
    /// If it was told.
    pub committed: Option<Duration>,
    pub answered: T,
    pub linked: T,
    pub delivered: T,
}

/// A time, or why something was not seen to happen.
pub type Hop = Result<Duration, Missing>;

/// Why something was not seen to happen.
#[derive(Debug, thiserror::Error)]
pub enum Missing {
    #[error("the server did not commit it")]
    Call(#[source] CallError),
    #[error("events.sock cannot be followed")]
    Link(#[source] Box<dyn Error + std::marker::Send + Sync>),
    #[error("the tab ended")]
    Tab(#[source] Closed),
    #[error("it did not come within {} ms", .0.as_millis())]
    Late(Duration),
    #[error("no random numbers")]
    Random(#[source] getrandom::Error),
}

/// Why the probe has no tab.
#[derive(Debug, thiserror::Error)]
pub enum Unopened {
    #[error("the server gives no ticket")]
    Ticket(#[source] CallError),
    #[error("the gateway lets no tab in")]
    Connect(#[source] ConnectError),
    #[error("the tab ended before it was live")]
    Tab(#[source] Closed),
    #[error("the tab was not live within {} ms", .0.as_millis())]
    Late(Duration),
}

/// What came of trying once.
#[derive(Debug)]
pub struct Tried {
    /// From asking for a ticket until the tab was live.
    pub opened: Duration,
    pub hops: Hops<Hop>,
}

/// Tries an installation out: `run` has the server's sockets, `gateway` is `http://host:port`. Each
/// step may take as long as `patience`.
///
/// # Errors
/// When no tab could be opened; what happened after that is in [`Hops`].
pub async fn once(run: &Path, gateway: &str, patience: Duration) -> Result<Tried, Unopened> {
    let rpc = Rpc::unix(run.join(RPC_SOCKET)).with_timeout(patience);
    let began = Instant::now();
    let dial = async |target: Target| Stream::connect(&target).await;
    let mut tab = open(&rpc, gateway, patience, dial).await?;
    let opened = began.elapsed();
    let ear = tokio::time::timeout(patience, Ear::open(run)).await;
    let mut ear = match ear {
        Ok(opened) => opened.map_err(|error| Missing::Link(error.into())),
        Err(_) => Err(Missing::Late(patience)),
    };
    let heard = match &mut ear {
        Ok(ear) => Ok(&mut ear.heard),
        Err(_) => Err(()),
    };
    let mut hops = hops(&rpc, &mut tab, heard.ok(), patience).await;
    if let Err(missing) = ear {
        hops.linked = Err(missing);
    }
    Ok(Tried { opened, hops })
}

/// A tab of the probe that is live.
async fn open(
    rpc: &Rpc,
    gateway: &str,
    patience: Duration,
    dial: impl AsyncFnOnce(Target) -> Result<Stream, ConnectError>,
) -> Result<Stream, Unopened> {
    let opening = async {
        let ticket = rpc.call::<Ticket>(&NoParams {}).await;
        let auth = Auth::Ticket(ticket.map_err(Unopened::Ticket)?.ticket);
        let target = Target::of_gateway(gateway, auth);
        let mut tab = dial(target).await.map_err(Unopened::Connect)?;
        loop {
            let frame = tab.next().await.map_err(Unopened::Tab)?;
            if matches!(frame.content, Content::Control(ServerFrame::Live { .. })) {
                return Ok(tab);
            }
        }
    };
    tokio::time::timeout(patience, opening)
        .await
        .unwrap_or(Err(Unopened::Late(patience)))
}

/// Sends one event to the probe and looks for it. `heard` is what passes on events.sock; without it
/// `linked` is late at once.
async fn hops(
    rpc: &Rpc,
    tab: &mut Stream,
    heard: Option<&mut broadcast::Receiver<Passed>>,
    patience: Duration,
) -> Hops<Hop> {
    let nonce = match getrandom::u64() {
        Ok(random) => format!("{random:016x}"),
        Err(error) => return Hops::none(error),
    };
    let params = SendParams {
        nonce: nonce.clone(),
    };
    let (asked, asked_us) = (Instant::now(), clock::moment().1);
    let answered = async {
        let answer = rpc.call::<Send>(&params).await.map_err(Missing::Call);
        answer.map(|_| asked.elapsed())
    };
    let linked = async {
        let heard = heard.ok_or(Missing::Late(Duration::ZERO))?;
        Ok(ear::passing(heard, &nonce).await)
    };
    let delivered = async {
        arriving(tab, &nonce).await.map_err(Missing::Tab)?;
        Ok(asked.elapsed())
    };
    let (answered, linked, delivered) = tokio::join!(
        tokio::time::timeout(patience, answered),
        tokio::time::timeout(patience, linked),
        tokio::time::timeout(patience, delivered),
    );
    let late = |_| Err(Missing::Late(patience));
    let passed = linked.unwrap_or(Err(Missing::Late(patience)));
    let committed = passed.as_ref().ok().and_then(|passed| passed.committed);
    Hops {
        committed: committed.map(|at| since(asked_us, at)),
        answered: answered.unwrap_or_else(late),
        linked: passed.map(|passed| passed.at - asked),
        delivered: delivered.unwrap_or_else(late),
    }
}

/// Nothing, if the clock was set back.
fn since(from: UnixUs, to: UnixUs) -> Duration {
    let micros = u64::try_from(to.get() - from.get());
    Duration::from_micros(micros.unwrap_or_default())
}

impl<T> Hops<T> {
    /// Each with its name, in the order in which they usually are.
    pub fn named(
        self,
        of: impl Fn(T) -> Option<Duration>,
    ) -> [(&'static str, Option<Duration>); 4] {
        [
            ("committed", self.committed),
            ("answered", of(self.answered)),
            ("linked", of(self.linked)),
            ("delivered", of(self.delivered)),
        ]
    }
}

impl Hops<Hop> {
    /// The times of a probe that came all the way.
    fn arrived(self) -> Result<Hops<Duration>, Missing> {
        Ok(Hops {
            committed: self.committed,
            answered: self.answered?,
            linked: self.linked?,
            delivered: self.delivered?,
        })
    }

    fn none(error: getrandom::Error) -> Self {
        let missing = || Err(Missing::Random(error));
        Self {
            committed: None,
            answered: missing(),
            linked: missing(),
            delivered: missing(),
        }
    }
}

/// Resolves when the event with this nonce is read.
async fn arriving(tab: &mut Stream, nonce: &str) -> Result<(), Closed> {
    loop {
        if let Content::Event(frame) = tab.next().await?.content
            && let Some(Event::ProbeSent(ProbeSent { nonce: read })) = frame.event.as_deref()
            && read == nonce
        {
            return Ok(());
        }
    }
}
