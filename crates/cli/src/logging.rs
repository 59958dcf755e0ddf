//! Where what is said goes, and how it looks.

use std::{
    fs::File,
    io::{self, IsTerminal},
    os::{fd::AsFd, unix::fs::MetadataExt},
};

use antiphon_config::{Log, LogFormat};
use anyhow::Context;
use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::{FilterExt, filter_fn},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::exit::Misconfigured;

/// The variable by which systemd says which file the journal reads.
const JOURNAL: &str = "JOURNAL_STREAM";

type Lines = Box<dyn Layer<Registry> + Send + Sync>;

/// Begins to log as it is configured. Where the journal cannot be reached it is standard error that
/// is written to: a daemon does not stay away for want of somewhere to speak.
pub(crate) fn start(log: &Log) -> anyhow::Result<()> {
    let filter = filter(log)?.and(filter_fn(is_ours_or_harmless));
    let (lines, unreached) = match layer(log.format) {
        Ok(lines) => (lines, None),
        Err(error) => (to_stderr(LogFormat::Auto), Some(error)),
    };
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .init();
    if let Some(error) = unreached {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, "the journal cannot be reached");
    }
    Ok(())
}

/// What is said of all there is to say.
pub(crate) fn filter(log: &Log) -> anyhow::Result<EnvFilter> {
    let filter = EnvFilter::try_new(&log.level)
        .with_context(|| format!("log.level: {:?} cannot be understood", log.level));
    Ok(filter.map_err(Misconfigured)?)
}

/// Below info the libraries print what they carry: tokens, tickets, messages.
fn is_ours_or_harmless(metadata: &Metadata<'_>) -> bool {
    metadata.target().starts_with("antiphon") || *metadata.level() <= Level::INFO
}

fn layer(format: LogFormat) -> io::Result<Lines> {
    match format {
        LogFormat::Auto if the_journal_reads_stderr() => journal(),
        LogFormat::Journald => journal(),
        LogFormat::Auto | LogFormat::Text | LogFormat::Json => Ok(to_stderr(format)),
    }
}

fn journal() -> io::Result<Lines> {
    Ok(tracing_journald::layer()?.boxed())
}

fn to_stderr(format: LogFormat) -> Lines {
    let to_terminal = io::stderr().is_terminal();
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(to_terminal);
    if format == LogFormat::Text || format == LogFormat::Auto && to_terminal {
        lines.boxed()
    } else {
        let lines = lines.json().flatten_event(true);
        lines.with_current_span(false).boxed()
    }
}

/// A service's children inherit the variable, and may write elsewhere (systemd.exec(5)).
fn the_journal_reads_stderr() -> bool {
    let stderr = io::stderr().as_fd().try_clone_to_owned().map(File::from);
    let stderr = stderr.and_then(|stderr| stderr.metadata());
    let (Ok(told), Ok(stderr)) = (std::env::var(JOURNAL), stderr) else {
        return false;
    };
    told == format!("{}:{}", stderr.dev(), stderr.ino())
}
