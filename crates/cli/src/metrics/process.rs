//! What Linux says of this process, under the names that every Prometheus client gives it. Where
//! there is no /proc, or it cannot be read, nothing is said.

use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::ConstCounter, gauge::ConstGauge},
};

use crate::proc::{after, max_open_files, open_files, read};

/// Linux counts time for programs in hundredths of a second, whatever the kernel does itself.
const TICKS_PER_S: f64 = 100.0;

const SELF: &str = "self";

/// This process, and when it began, in seconds since 1970: taken here, because what Linux says of
/// that needs the time of the boot, which a service with `ProcSubset=pid` does not see.
#[derive(Debug)]
pub(super) struct Process {
    began: f64,
}

impl Process {
    /// To be made when the process begins.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one time of day that is told of the process"
    )]
    pub(super) fn beginning() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            began: since.unwrap_or_default().as_secs_f64(),
        }
    }
}

/// One reading of /proc.
#[derive(Debug, PartialEq)]
struct Reading {
    cpu_seconds: f64,
    resident_bytes: u64,
    open_fds: u64,
    max_fds: f64,
}

impl Reading {
    fn take() -> Option<Self> {
        let stat = read(SELF, "stat")?;
        // The name of the program, in parentheses, may hold anything.
        let (_, fields) = stat.rsplit_once(')')?;
        let field = |number: usize| -> Option<f64> {
            // proc_pid_stat(5) counts from the id, of which the third is the first behind the name.
            let text = fields.split_whitespace().nth(number - 3)?;
            Some(text.parse::<f64>().ok()? / TICKS_PER_S)
        };
        let resident_kib: u64 = after(&read(SELF, "status")?, "VmRSS:")?;
        Some(Self {
            cpu_seconds: field(14)? + field(15)?,
            resident_bytes: resident_kib << 10,
            open_fds: open_files(SELF)?.count() as u64,
            max_fds: max_open_files(SELF)?,
        })
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(reading) = Reading::take() else {
            return Ok(());
        };
        let mut put = |name: &str, help: &str, metric: &dyn EncodeMetric| {
            let encoder = encoder.encode_descriptor(name, help, None, metric.metric_type());
            metric.encode(encoder?)
        };
        put(
            "process_cpu_seconds",
            "Time this process has spent on a processor, in user and system mode.",
            &ConstCounter::new(reading.cpu_seconds),
        )?;
        put(
            "process_resident_memory_bytes",
            "Memory of this process that is in RAM.",
            &ConstGauge::new(reading.resident_bytes),
        )?;
        put(
            "process_open_fds",
            "File descriptors that are open.",
            &ConstGauge::new(reading.open_fds),
        )?;
        put(
            "process_max_fds",
            "File descriptors that may be open.",
            &ConstGauge::new(reading.max_fds),
        )?;
        put(
            "process_start_time_seconds",
            "When this process began, in seconds since 1970-01-01T00:00:00Z.",
            &ConstGauge::new(self.began),
        )
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::Reading;

    #[test]
    fn linux_says_what_this_process_takes() {
        let reading = Reading::take().expect("there is a /proc");
        assert!(reading.resident_bytes > 1 << 20, "{reading:?}");
        assert!((3..10_000).contains(&reading.open_fds), "{reading:?}");
        assert!(reading.max_fds >= reading.open_fds as f64, "{reading:?}");
    }
}
