//! What a gateway tells whoever watches it.
//!
//! Counters are bumped where things happen ([`Metrics`]); what can be read from the sessions is read
//! when it is asked for ([`Census`]). A label's value is always one of a few words that stand here or
//! in `antiphon-api`, never what a client said, so that nobody can make series.

mod canary;
mod census;
mod delay;
mod end;
mod replay;

use antiphon_api::{
    ids::UnixUs,
    resume::{Resumed, ResyncReason},
};
use antiphon_session::{Entry, LogAnswer, Outcome};
use http::StatusCode;
use prometheus_client::{
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

pub(crate) use self::{census::Census, end::End, replay::Asked};
use self::{delay::Delays, replay::Answered};
use crate::{
    auth::{Reason, Refusal},
    probe::Canary,
};

/// One counter for each value of a label, or of two.
type By<const LABELS: usize> = Family<[(&'static str, &'static str); LABELS], Counter>;

/// The prefix of every name here.
const PREFIX: &str = "antiphon_gateway";

/// What is counted where it happens. Cloning shares it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics {
    resumes: By<2>,
    closes: By<1>,
    refusals: By<1>,
    calls: Family<[(&'static str, u16); 1], Counter>,
    replays: By<2>,
    replayed_events: Counter,
    pub(crate) connections_refused: Counter,
    pub(crate) link_losses: Counter,
    pub(crate) link_resets: Counter,
    pub(crate) link_events: Counter,
    pub(crate) link_read_bytes: Counter,
    pub(crate) read_bytes: Counter,
    pub(crate) written_bytes: Counter,
    events: Counter,
    delays: Delays,
}

/// What of a buffer that is to be written counts once it is.
#[derive(Debug, Default)]
pub(crate) struct Load {
    events: u64,
    /// When the oldest of its events that have such a moment was committed.
    committed: Option<UnixUs>,
}

impl Load {
    pub(crate) fn add(&mut self, entry: &Entry) {
        self.events += 1;
        self.committed = self.committed.into_iter().chain(entry.committed()).min();
    }
}

impl Metrics {
    /// With every label's value that is known beforehand, at zero.
    pub(crate) fn new() -> Self {
        let metrics = Self::default();
        for resumed in [Resumed::Fresh, Resumed::Ring, Resumed::Log] {
            let labels = [("outcome", resumed.as_str()), ("reason", "")];
            drop(metrics.resumes.get_or_create(&labels));
        }
        for reason in ResyncReason::ALL {
            let labels = [("outcome", "resync"), ("reason", reason.as_str())];
            drop(metrics.resumes.get_or_create(&labels));
        }
        for code in end::CODES {
            drop(metrics.closes.get_or_create(&[("code", code)]));
        }
        for reason in Reason::ALL {
            let labels = [("reason", reason.word())];
            drop(metrics.refusals.get_or_create(&labels));
        }
        for asked in Asked::ALL {
            for answered in Answered::ALL {
                let labels = [("asked", asked.word()), ("outcome", answered.word())];
                drop(metrics.replays.get_or_create(&labels));
            }
        }
        drop(metrics.calls.get_or_create(&[("status", 200)]));
        metrics
    }

    pub(crate) fn attached(&self, outcome: Outcome) {
        let reason = outcome.reason.map_or("", ResyncReason::as_str);
        let labels = [("outcome", outcome.resumed.as_str()), ("reason", reason)];
        self.resumes.get_or_create(&labels).inc();
    }

    /// A tab has ended.
    pub(crate) fn ended(&self, end: End) {
        self.closes.get_or_create(&[("code", end.word())]).inc();
    }

    /// A tab was not let in.
    pub(crate) fn refused(&self, refusal: &Refusal) {
        let labels = [("reason", refusal.reason.word())];
        self.refusals.get_or_create(&labels).inc();
    }

    /// A request with one or more calls was answered.
    pub(crate) fn called(&self, status: StatusCode) {
        let labels = [("status", status.as_u16())];
        self.calls.get_or_create(&labels).inc();
    }

    /// The server was asked for a page of the log.
    pub(crate) fn replayed<E>(&self, asked: Asked, answer: &Result<LogAnswer, E>) {
        if let Ok(LogAnswer::Page(page)) = answer {
            self.replayed_events.inc_by(page.entries.len() as u64);
        }
        let answered = Answered::of(answer);
        let labels = [("asked", asked.word()), ("outcome", answered.word())];
        self.replays.get_or_create(&labels).inc();
    }

    /// A buffer is written to the last byte.
    pub(crate) fn written(&self, load: &Load, now: UnixUs) {
        if load.events > 0 {
            self.events.inc_by(load.events);
        }
        if let Some(committed) = load.committed {
            self.delays.observe_us(now.get() - committed.get());
        }
    }

    pub(crate) fn register(&self, registry: &mut Registry, census: Census, canary: Option<Canary>) {
        let registry = registry.sub_registry_with_prefix(PREFIX);
        self.register_tabs(registry);
        self.register_server(registry);
        registry.register_collector(Box::new(census));
        if let Some(canary) = canary {
            registry.register_collector(Box::new(canary));
        }
    }

    fn register_tabs(&self, registry: &mut Registry) {
        registry.register(
            "resumes",
            "Tabs let in, by how their stream began, and why it could not go on where the client was",
            self.resumes.clone(),
        );
        registry.register(
            "handshakes_refused",
            "Tabs that were not let in, by the reason",
            self.refusals.clone(),
        );
        registry.register(
            "connections_refused",
            "Connections and requests refused because their address had as many as it may have",
            self.connections_refused.clone(),
        );
        registry.register(
            "closes",
            "Tabs that have ended, by the code they were closed with; client: closed by the client, \
             lost: broken without a word",
            self.closes.clone(),
        );
        registry.register(
            "written_events",
            "Log events written to tabs; one counts for each tab it is written to",
            self.events.clone(),
        );
        registry.register(
            "written_bytes",
            "Bytes written to tabs",
            self.written_bytes.clone(),
        );
        registry.register(
            "read_bytes",
            "Bytes read from tabs",
            self.read_bytes.clone(),
        );
        registry.register(
            "commit_to_write_seconds",
            "From an event's commit in the server to when it was written to a tab's socket: of the \
             oldest event in each write",
            self.delays.clone(),
        );
    }

    fn register_server(&self, registry: &mut Registry) {
        registry.register(
            "calls",
            "Requests with one or more calls answered, by HTTP status, on whatever they came",
            self.calls.clone(),
        );
        registry.register(
            "replays",
            "Pages of the log asked of the server, the first for a resume or a further one",
            self.replays.clone(),
        );
        registry.register(
            "replayed_events",
            "Events in the pages of the log that the server answered with",
            self.replayed_events.clone(),
        );
        registry.register(
            "link_losses",
            "Times the link to the server was lost",
            self.link_losses.clone(),
        );
        registry.register(
            "link_resets",
            "Times the server's log was another one and every tab was closed",
            self.link_resets.clone(),
        );
        registry.register(
            "link_events",
            "Log events that came over the link",
            self.link_events.clone(),
        );
        registry.register(
            "link_read_bytes",
            "Bytes read from the link",
            self.link_read_bytes.clone(),
        );
    }
}
