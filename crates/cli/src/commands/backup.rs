use super::configured::loaded;
use crate::{args::Backup, exit::Exit};

/// A copy of the database as it is now.
#[expect(
    clippy::print_stdout,
    reason = "what became of it is what the command is asked for"
)]
pub(super) fn run(args: &Backup) -> anyhow::Result<Exit> {
    let config = loaded(&args.configuration, args.authority.flags())?.config;
    let copied = antiphon_server::backup(&config.server.data, &args.file)?;
    println!(
        "{} is the database as it was at position {}, checked: {} bytes",
        args.file.display(),
        copied.head,
        copied.bytes
    );
    Ok(Exit::Success)
}
