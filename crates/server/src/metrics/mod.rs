//! What the server tells whoever watches it.
//!
//! Counters and times are noted where things happen ([`Metrics`]); what the database and the links
//! say of themselves is read when it is asked for ([`Census`]). A label's value is a method's name, a
//! word that stands here or in `antiphon-api`, or the boot of a linked gateway, never what a client
//! said, so that nobody can make series.

mod census;
mod links;

use std::time::Duration;

use antiphon_api::{ErrorCode, RpcError, methods::events::ReplayResult, resume::ResyncReason};
use antiphon_store::Batch;
use prometheus_client::{
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

use self::links::Links;
pub(crate) use self::{census::Census, links::Progress};

type By<const LABELS: usize> = Family<[(&'static str, &'static str); LABELS], Counter>;
type Times = Family<[(&'static str, &'static str); 1], Histogram, fn() -> Histogram>;

/// The prefix of every name here.
const PREFIX: &str = "antiphon_server";
/// Stands for the name of what is no method.
pub(crate) const UNKNOWN: &str = "unknown";

/// The upper bounds of what takes time, in seconds.
const SECONDS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
/// The same for the writes of a batch, of which there are at most 129.
const WRITES: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 129.0];

/// What is noted where it happens. Cloning shares it.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    calls: By<2>,
    call_times: Times,
    batch_writes: Histogram,
    batch_times: Histogram,
    commit_times: Histogram,
    replays: By<2>,
    replayed_events: Counter,
    pub(crate) events: Counter,
    pub(crate) recipients: Counter,
    pub(crate) link_bytes: Counter,
    pub(crate) links: Links,
}

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let metrics = Self {
            calls: By::default(),
            call_times: Times::new_with_constructor(seconds),
            batch_writes: Histogram::new(WRITES),
            batch_times: seconds(),
            commit_times: seconds(),
            replays: By::default(),
            replayed_events: Counter::default(),
            events: Counter::default(),
            recipients: Counter::default(),
            link_bytes: Counter::default(),
            links: Links::default(),
        };
        let refused = [
            ResyncReason::Expired,
            ResyncReason::UnknownPosition,
            ResyncReason::TooFar,
        ];
        for outcome in ["page"]
            .into_iter()
            .chain(refused.map(ResyncReason::as_str))
        {
            for asked in ["resume", "further"] {
                let labels = [("asked", asked), ("outcome", outcome)];
                drop(metrics.replays.get_or_create(&labels));
            }
        }
        metrics
    }

    /// A call was answered, with an error or well. `method` is a name of the router's, or
    /// [`UNKNOWN`].
    pub(crate) fn answered(&self, method: &'static str, error: Option<&RpcError>) {
        let code = error.map_or("ok", |error| error.kind().map_or("other", ErrorCode::name));
        let labels = [("method", method), ("code", code)];
        self.calls.get_or_create(&labels).inc();
    }

    /// As [`answered`](Self::answered), of a call that was carried out and took so long.
    pub(crate) fn carried_out(
        &self,
        method: &'static str,
        error: Option<&RpcError>,
        time: Duration,
    ) {
        self.answered(method, error);
        let times = self.call_times.get_or_create(&[("method", method)]);
        times.observe(time.as_secs_f64());
    }

    pub(crate) fn committed(&self, batch: Batch) {
        self.batch_writes.observe(batch.writes as f64);
        self.batch_times.observe(batch.whole.as_secs_f64());
        self.commit_times.observe(batch.commit.as_secs_f64());
    }

    /// A gateway was answered what a user missed.
    pub(crate) fn replayed(&self, first: bool, result: &ReplayResult) {
        let asked = if first { "resume" } else { "further" };
        let outcome = match result {
            ReplayResult::Refused { reason } => reason.as_str(),
            ReplayResult::Page { events, .. } => {
                self.replayed_events.inc_by(events.len() as u64);
                "page"
            }
        };
        let labels = [("asked", asked), ("outcome", outcome)];
        self.replays.get_or_create(&labels).inc();
    }

    pub(crate) fn register(&self, registry: &mut Registry, census: Census) {
        let registry = registry.sub_registry_with_prefix(PREFIX);
        self.register_calls(registry);
        self.register_events(registry);
        registry.register_collector(Box::new(census));
    }

    fn register_calls(&self, registry: &mut Registry) {
        registry.register(
            "calls",
            "Calls answered, by method and by the name of the error or ok; what is no method is unknown",
            self.calls.clone(),
        );
        registry.register(
            "call_seconds",
            "How long calls took from being read to being answered",
            self.call_times.clone(),
        );
        registry.register(
            "commit_batch_writes",
            "Writes that were committed together",
            self.batch_writes.clone(),
        );
        registry.register(
            "commit_batch_seconds",
            "How long a batch took, from the beginning of its transaction to the end of its COMMIT",
            self.batch_times.clone(),
        );
        registry.register(
            "commit_seconds",
            "How long its COMMIT alone took, which waits for the disk",
            self.commit_times.clone(),
        );
    }

    fn register_events(&self, registry: &mut Registry) {
        registry.register(
            "resolved_events",
            "Log events whose recipients were looked up to be sent",
            self.events.clone(),
        );
        registry.register(
            "recipients",
            "Recipients of these events, all together",
            self.recipients.clone(),
        );
        registry.register(
            "replays",
            "Pages of the log that gateways asked for, the first for a resume or a further one",
            self.replays.clone(),
        );
        registry.register(
            "replayed_events",
            "Events in these pages",
            self.replayed_events.clone(),
        );
        registry.register(
            "link_written_bytes",
            "Bytes written to gateways",
            self.link_bytes.clone(),
        );
    }
}
