//! How the canary is, where there is one.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{
        MetricType::{Counter, Gauge},
        counter::ConstCounter,
        gauge::ConstGauge,
    },
};

use crate::probe::Canary;

impl Collector for Canary {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let help = "1 while a probe is on its way for gateway.canary_late or longer.";
        let late = encoder.encode_descriptor("canary_late", help, None, Gauge)?;
        ConstGauge::new(u32::from(self.is_late())).encode(late)?;

        let help = "Of the newest probe that arrived, how long each hop came after its sending.";
        let mut seconds = encoder.encode_descriptor("canary_seconds", help, None, Gauge)?;
        let hops = self.newest().map(|newest| newest.hops.named(Some));
        for (hop, time) in hops.into_iter().flatten() {
            if let Some(time) = time {
                let labels = [("hop", hop)];
                let of_hop = seconds.encode_family(&labels)?;
                ConstGauge::new(time.as_secs_f64()).encode(of_hop)?;
            }
        }

        let help = "Probes sent, by whether they arrived.";
        let mut probes = encoder.encode_descriptor("canary_probes", help, None, Counter)?;
        let (arrived, failed) = self.counts();
        for (outcome, count) in [("arrived", arrived), ("failed", failed)] {
            let labels = [("outcome", outcome)];
            let of_outcome = probes.encode_family(&labels)?;
            ConstCounter::new(count).encode(of_outcome)?;
        }
        Ok(())
    }
}
