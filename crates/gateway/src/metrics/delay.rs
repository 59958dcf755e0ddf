//! A histogram without a lock: a gateway writes a hundred thousand times a second.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder, NoLabelSet},
    metrics::{MetricType, TypedMetric},
};

/// The upper bounds of the buckets but the last, in microseconds.
const BOUNDS_US: [u64; 15] = [
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 5_000_000, 10_000_000,
];
const US_PER_S: f64 = 1_000_000.0;

/// How long things took. Cloning shares it.
#[derive(Clone, Debug, Default)]
pub(super) struct Delays(Arc<Cells>);

#[derive(Debug, Default)]
struct Cells {
    buckets: [AtomicU64; BOUNDS_US.len() + 1],
    sum_us: AtomicU64,
}

impl Delays {
    /// One that took so long; a negative one, of clocks that were set, counts as none.
    pub(super) fn observe_us(&self, delay: i64) {
        let delay = u64::try_from(delay).unwrap_or(0);
        let bucket = BOUNDS_US.partition_point(|bound| *bound < delay);
        self.0.buckets[bucket].fetch_add(1, Relaxed);
        self.0.sum_us.fetch_add(delay, Relaxed);
    }
}

impl EncodeMetric for Delays {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), std::fmt::Error> {
        let bounds = BOUNDS_US.iter().map(|bound| *bound as f64 / US_PER_S);
        let counts = self.0.buckets.iter().map(|bucket| bucket.load(Relaxed));
        let buckets: Vec<_> = bounds.chain([f64::INFINITY]).zip(counts).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        let sum = self.0.sum_us.load(Relaxed) as f64 / US_PER_S;
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

impl TypedMetric for Delays {
    const TYPE: MetricType = MetricType::Histogram;
}

#[cfg(test)]
mod tests {
    use prometheus_client::{encoding::text::encode, registry::Registry};

    use super::Delays;

    #[test]
    fn a_delay_is_in_the_bucket_whose_bound_it_does_not_exceed_and_in_all_above() {
        let delays = Delays::default();
        for delay in [-5, 250, 251, 99_000_000] {
            delays.observe_us(delay);
        }
        let mut registry = Registry::default();
        registry.register("delay_seconds", "A delay", delays);
        let mut text = String::new();
        encode(&mut text, &registry).expect("encodes");
        for line in [
            "delay_seconds_bucket{le=\"0.00025\"} 2",
            "delay_seconds_bucket{le=\"0.0005\"} 3",
            "delay_seconds_bucket{le=\"10.0\"} 3",
            "delay_seconds_bucket{le=\"+Inf\"} 4",
            "delay_seconds_count 4",
            "delay_seconds_sum 99.000501",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}: {text}");
        }
    }
}
