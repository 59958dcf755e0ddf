//! `crates/api/src/openrpc/examples.json` holds what the server answers to the example of each
//! method. A test of the server carries the examples out; here it records them.

use std::{env, path::Path, process::Command};

use anyhow::{Context, Result, bail};

/// The arguments of cargo for the test that records when [`RECORD`] is set.
const TEST: [&str; 7] = [
    "test",
    "--quiet",
    "--package=antiphon-server",
    "--test=it",
    "--",
    "--exact",
    "examples::every_example_is_answered_as_the_document_says",
];
const RECORD: &str = "ANTIPHON_BLESS";
/// By another build of this program: the results are part of it.
const DOCUMENT: [&str; 4] = ["run", "--quiet", "--package=xtask", "openrpc"];

/// Records what the examples are answered and writes the document that shows it.
pub(crate) fn write(root: &Path) -> Result<()> {
    cargo(root, &TEST)?;
    cargo(root, &DOCUMENT)
}

fn cargo(root: &Path, arguments: &[&str]) -> Result<()> {
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(program)
        .args(arguments)
        .current_dir(root)
        .env(RECORD, "1")
        .status()
        .context("running cargo")?;
    if !status.success() {
        bail!("cargo {} failed", arguments.join(" "));
    }
    Ok(())
}
