//! What is read from the sessions and the link when it is asked for.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeGaugeValue},
    metrics::MetricType,
};
use tokio::sync::watch;

use crate::{directory::Figures, link::LinkState};

/// A gateway's sessions, counted at each scrape: each shard is locked for a moment.
pub(crate) struct Census {
    pub(crate) link: watch::Receiver<LinkState>,
    pub(crate) draining: watch::Receiver<bool>,
    /// Bytes of event text that all rings may keep together.
    pub(crate) ring_budget: usize,
}

impl fmt::Debug for Census {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Census")
    }
}

impl Collector for Census {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let LinkState { directory, up } = self.link.borrow().clone();
        let figures = directory.map(|directory| directory.figures());
        let Figures {
            survey,
            position,
            lag,
        } = figures.unwrap_or_default();
        let mut gauges = Gauges(&mut encoder);
        gauges.put(
            "tabs",
            "Tabs, those that are closing included.",
            survey.tabs,
        )?;
        gauges.put(
            "tabs_replaying",
            "Tabs that wait for a whole replay: they have come back, or have fallen behind.",
            survey.replaying,
        )?;
        gauges.put(
            "sessions",
            "Sessions, those without a tab included.",
            survey.sessions,
        )?;
        gauges.put(
            "ring_events",
            "Events in all rings; one counts once for each ring it is in.",
            survey.ring_events,
        )?;
        gauges.put(
            "ring_bytes",
            "Bytes of event text in all rings, counted alike.",
            survey.ring_bytes,
        )?;
        gauges.put(
            "ring_budget_bytes",
            "Bytes of event text that all rings may keep together: gateway.rings.bytes_of_all.",
            self.ring_budget,
        )?;
        gauges.put(
            "worst_tab_lag_positions",
            "Positions that have passed since the oldest event that some tab is still owed, itself \
             included; at most 65,536, and 0 if every tab is whole.",
            lag.positions,
        )?;
        gauges.put(
            "worst_tab_lag_seconds",
            "How long ago that event passed; 0 if every tab is whole.",
            lag.time.as_secs_f64(),
        )?;
        gauges.put(
            "position",
            "The position up to which this gateway has seen the log.",
            position.get(),
        )?;
        gauges.put("link_up", "1 while linked to the server.", u32::from(up))?;
        let draining = *self.draining.borrow();
        gauges.put("draining", "1 while stopping.", u32::from(draining))
    }
}

struct Gauges<'a, 'e>(&'a mut DescriptorEncoder<'e>);

impl Gauges<'_, '_> {
    fn put(&mut self, name: &str, help: &str, value: impl EncodeGaugeValue) -> fmt::Result {
        let encoder = self
            .0
            .encode_descriptor(name, help, None, MetricType::Gauge);
        encoder?.encode_gauge(&value)
    }
}
