use std::{io::Write, path::Path};

use anyhow::Context;

use crate::{args::Completions, completion, exit::Exit};

/// Prints the script that makes a shell complete this program's arguments.
pub(super) fn run(args: &Completions) -> anyhow::Result<Exit> {
    let script = completion::script(args.shell, &program()?)?;
    std::io::stdout()
        .write_all(&script)
        .context("cannot print the script")?;
    Ok(Exit::Success)
}

/// How this program was called; a path from the root unless the shell found it by itself.
fn program() -> anyhow::Result<String> {
    let called = std::env::args_os()
        .next()
        .unwrap_or_else(|| "antiphon".into());
    if Path::new(&called).components().count() == 1 {
        return Ok(called.to_string_lossy().into_owned());
    }
    let path = std::path::absolute(&called).context("cannot tell where this program is")?;
    Ok(path.to_string_lossy().into_owned())
}
