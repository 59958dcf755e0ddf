use std::fs::create_dir_all;

use anyhow::Context;
use clap::CommandFactory;

use crate::{
    args::{Args, Manual},
    exit::Exit,
};

/// Writes what `--help` says of each command as a page of the manual.
pub(super) fn run(args: &Manual) -> anyhow::Result<Exit> {
    let folder = &args.folder;
    create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Args::command(), folder))
        .with_context(|| format!("cannot write the manual to {}", folder.display()))?;
    Ok(Exit::Success)
}
