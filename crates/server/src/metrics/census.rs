//! What the database and the links say of themselves when they are asked.

use std::{fmt, fs, path::PathBuf, sync::Arc};

use antiphon_api::ids::Pos;
use antiphon_store::{log, log::Behind};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeGaugeValue, EncodeMetric},
    metrics::{MetricType, gauge::ConstGauge},
};
use rusqlite::Connection;
use tokio::runtime::Handle;

use crate::{
    clock,
    context::{Failure, Shared},
};

const MS_PER_S: f64 = 1_000.0;

/// The server's state, read at each scrape.
pub(crate) struct Census {
    pub(crate) shared: Arc<Shared>,
    pub(crate) database: PathBuf,
}

impl fmt::Debug for Census {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Census")
    }
}

/// What the log says.
struct Ledger {
    head: Pos,
    oldest: Pos,
    events: i64,
    /// Of each gateway, by its boot.
    behind: Vec<(String, Behind)>,
}

impl Ledger {
    fn read(db: &Connection, links: Vec<(String, Pos)>) -> Result<Self, Failure> {
        let behind = links
            .into_iter()
            .map(|(boot, written)| Ok((boot, log::behind(db, written)?)));
        Ok(Self {
            head: log::head(db)?,
            oldest: log::oldest(db)?,
            events: log::rows(db)?,
            behind: behind.collect::<Result<_, Failure>>()?,
        })
    }
}

impl Census {
    /// `None` when the database cannot be read any more. Blocks.
    fn ledger(&self, links: Vec<(String, Pos)>) -> Option<Ledger> {
        let runtime = Handle::try_current().ok()?;
        let read = self.shared.store.read(|db| Ledger::read(db, links));
        runtime.block_on(read).ok()
    }

    fn bytes(&self, suffix: &str) -> u64 {
        let mut path = self.database.clone().into_os_string();
        path.push(suffix);
        fs::metadata(path).map_or(0, |file| file.len())
    }
}

impl Collector for Census {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let links = self.shared.metrics.links.all();
        let mut gauges = Gauges(&mut encoder);
        gauges.put("links", "Gateways that are linked.", links.len())?;
        gauges.put(
            "writer_queue",
            "Writes that wait for the writer; at 1,024 callers wait for a place.",
            self.shared.store.queued(),
        )?;
        gauges.put(
            "database_bytes",
            "Bytes of the database file.",
            self.bytes(""),
        )?;
        gauges.put(
            "wal_bytes",
            "Bytes of the write-ahead log beside it.",
            self.bytes("-wal"),
        )?;
        let Some(ledger) = self.ledger(links) else {
            return Ok(());
        };
        gauges.put(
            "log_head_position",
            "The position of the newest event.",
            ledger.head.get(),
        )?;
        gauges.put(
            "log_oldest_position",
            "The position of the oldest event the log still has.",
            ledger.oldest.get(),
        )?;
        gauges.put("log_events", "Events in the log.", ledger.events)?;
        let now = clock::now();
        let seconds = |behind: &Behind| {
            let since = behind.since.unwrap_or(now);
            (now.get() - since.get()).max(0) as f64 / MS_PER_S
        };
        gauges.of_each_gateway(
            "gateway_lag_positions",
            "Positions that are committed and not yet written to the gateway.",
            &ledger.behind,
            |behind| behind.events,
        )?;
        gauges.of_each_gateway(
            "gateway_lag_seconds",
            "How long ago the first of these events happened; 0 if there is none.",
            &ledger.behind,
            seconds,
        )
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

    fn of_each_gateway<V: EncodeGaugeValue>(
        &mut self,
        name: &str,
        help: &str,
        of: &[(String, Behind)],
        value: impl Fn(&Behind) -> V,
    ) -> fmt::Result {
        let mut encoder = self
            .0
            .encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (boot, behind) in of {
            let labels = [("gateway", boot.as_str())];
            let gauge = ConstGauge::new(value(behind));
            gauge.encode(encoder.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
