use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Logs go to standard error; `ANTIPHON_LOG` says which, as in `info` or `antiphon_gateway=debug`.
pub(crate) fn start() {
    let filter = EnvFilter::try_from_env("ANTIPHON_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}
