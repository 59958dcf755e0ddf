//! The daemons as they are built for release, set up so that only what is measured bounds them.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
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

static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Says which daemon is measured: this one, or that of this tree, which is built.
pub(crate) fn choose(program: Option<&Path>) -> Result<()> {
    let program = match program {
        Some(program) => program.canonicalize().context("no such program")?,
        None => built()?,
    };
    PROGRAM.set(program).ok().context("it was chosen before")
}

fn built() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--release", "--quiet", "--package", "antiphon-cli"])
        .status()?;
    ensure!(built.success(), "the daemon does not build");
    // It is built to where this program is.
    Ok(std::env::current_exe()?.with_file_name("antiphon"))
}

fn start(core: Core, command: &[&str], keys: &[&str]) -> Result<(Process, String)> {
    let mut args = command.to_vec();
    for key in keys {
        args.extend(["--set", key]);
    }
    let mut process = Process::start(core, PROGRAM.get().context("nothing was chosen")?, &args)?;
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
