//! Where what is said goes, and how it looks.

use std::io::IsTerminal;

use antiphon_config::{Log, LogFormat};
use anyhow::Context;
use tracing_subscriber::{
    EnvFilter, Layer, Registry, fmt, layer::SubscriberExt, util::SubscriberInitExt,
};

use crate::exit::Misconfigured;

/// The variable by which systemd says that the journal reads standard error.
const JOURNAL: &str = "JOURNAL_STREAM";

/// Begins to log as it is configured; to standard error unless to the journal.
pub(crate) fn start(log: &Log) -> anyhow::Result<()> {
    let filter = filter(log)?;
    let layer = layer(log.format)?;
    tracing_subscriber::registry()
        .with(layer.with_filter(filter))
        .init();
    Ok(())
}

/// What is said of all there is to say.
pub(crate) fn filter(log: &Log) -> anyhow::Result<EnvFilter> {
    let filter = EnvFilter::try_new(&log.level)
        .with_context(|| format!("log.level: {:?} cannot be understood", log.level));
    Ok(filter.map_err(Misconfigured)?)
}

fn layer(format: LogFormat) -> anyhow::Result<Box<dyn Layer<Registry> + Send + Sync>> {
    let to_terminal = std::io::stderr().is_terminal();
    let lines = fmt::layer().with_writer(std::io::stderr);
    Ok(match format {
        LogFormat::Auto if std::env::var_os(JOURNAL).is_some() => journal()?,
        LogFormat::Journald => journal()?,
        LogFormat::Auto if to_terminal => lines.with_ansi(true).boxed(),
        LogFormat::Text => lines.with_ansi(to_terminal).boxed(),
        LogFormat::Auto | LogFormat::Json => lines.json().boxed(),
    })
}

fn journal() -> anyhow::Result<Box<dyn Layer<Registry> + Send + Sync>> {
    let layer = tracing_journald::layer().context("the journal cannot be reached")?;
    Ok(layer.boxed())
}
