//! The daemons as they are built for release, set up so that only what is measured bounds them.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use crate::process::{Core, Process};

/// A gateway that runs.
pub(crate) struct Gateway {
    pub(crate) process: Process,
    pub(crate) address: String,
}

/// Neither caps nor pings are what is measured.
const GATEWAY: &[&str] = &[
    "gateway.heartbeat.ping_interval=10m",
    "gateway.caps.connections=60000",
    "gateway.caps.connections_per_address=60000",
    "gateway.caps.handshakes_per_second=100000",
    "gateway.drain_window=0s",
    "log.level=warn",
];

/// Nor are rates.
const SERVER: &[&str] = &[
    "server.rates.read.per_second=1000000",
    "server.rates.read.burst=1000000",
    "server.rates.write.per_second=1000000",
    "server.rates.write.burst=1000000",
    "log.level=warn",
];

/// Builds the daemon of this tree.
pub(crate) fn build() -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--release", "--quiet", "--package", "antiphon-cli"])
        .status()?;
    ensure!(built.success(), "the daemon does not build");
    Ok(())
}

/// The daemon, which is built to where this program is.
fn program() -> Result<PathBuf> {
    let itself = std::env::current_exe()?;
    Ok(itself.with_file_name("antiphon"))
}

fn start(core: Core, command: &[&str], keys: &[&str]) -> Result<(Process, String)> {
    let mut args = command.to_vec();
    for key in keys {
        args.extend(["--set", key]);
    }
    let mut process = Process::start(core, &program()?, &args)?;
    let said = process.says()?;
    Ok((process, said))
}

/// Starts a gateway that follows the server whose sockets are in `folder`.
pub(crate) fn gateway(folder: &Path) -> Result<Gateway> {
    let folder = folder.to_str().context("the folder's path is no text")?;
    let command = [
        "gateway",
        "--dev",
        "--listen",
        "127.0.0.1:0",
        "--server",
        folder,
    ];
    let (process, said) = start(Core::Measured, &command, GATEWAY)?;
    let (_, address) = said.split_once("http://").context("no address")?;
    let address = address.trim().trim_end_matches('/').to_owned();
    Ok(Gateway { process, address })
}

/// Starts a server on a data folder; returns it when calls are answered.
pub(crate) fn server(data: &Path) -> Result<Process> {
    let data = data.to_str().context("the folder's path is no text")?;
    let (process, _) = start(Core::Any, &["server", "--dev", "--data", data], SERVER)?;
    Ok(process)
}
