//! What the system lets the daemons have, and whether its clock can be right.

use std::{
    fs,
    net::UdpSocket,
    path::Path,
    time::{Duration, SystemTime},
};

use tokio::net::lookup_host;

use super::{Places, http::place, report::Report};
use crate::{commands::token::now, proc};

/// What a gateway opens beside its connections: sockets to the server, the listener, its log.
const BESIDE: u64 = 128;
/// The clock cannot be right before this, 2026-01-01, in milliseconds.
const EARLIEST_MS: i64 = 1_767_225_600_000;
/// How far behind the database's last change the clock may be: other machines write to no disk of ours.
const BEHIND: Duration = Duration::from_secs(60);

const FILES: &str = "open files";

/// Whether the gateway may have as many connections as it is configured to.
pub(super) async fn files(places: &Places, report: &mut Report) {
    let Ok(Some(port)) = port_here(&places.gateway).await else {
        let found = format!("{} is not an address of this machine", places.gateway);
        return report.warn(FILES, found, "name the gateway's own with --gateway");
    };
    let process = listener(port);
    let Some(most) = process.as_deref().and_then(proc::max_open_files) else {
        let remedy = "look as the gateway's user, or as root";
        return report.warn(
            FILES,
            "the gateway's limit cannot be seen from here",
            remedy,
        );
    };
    let connections = places.config.gateway.caps.connections.get();
    let needed = connections + BESIDE;
    let found = format!("{most} for the gateway, which takes {connections} connections");
    if most >= needed as f64 {
        report.ok(FILES, found);
    } else {
        let remedy = format!(
            "raise it to {needed} (LimitNOFILE= of its service, or ulimit -n), or lower \
             gateway.caps.connections",
        );
        report.warn(FILES, found, remedy);
    }
}

/// The port of a URL, if its host is this machine: one can listen at such an address alone.
async fn port_here(url: &str) -> anyhow::Result<Option<u16>> {
    let uri = url.parse()?;
    let (_, host, port) = place(&uri)?;
    let mut addresses = lookup_host((host, port)).await?;
    let here = addresses.any(|address| UdpSocket::bind((address.ip(), 0)).is_ok());
    Ok(here.then_some(port))
}

/// The process that serves a port. Who opened the socket and passed it on has it, too, but is
/// another program than this.
fn listener(port: u16) -> Option<String> {
    let sockets = sockets(port);
    let own = proc::read("self", "comm")?;
    fs::read_dir("/proc")
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
        .filter(|process| proc::read(process, "comm").as_ref() == Some(&own))
        .find(|process| has_one_of(process, &sockets))
}

/// The listening sockets of a port, as `socket:[inode]` (proc(5)).
fn sockets(port: u16) -> Vec<String> {
    const LISTENING: &str = "0A";
    let tables = ["tcp", "tcp6"];
    let tables = tables.map(|table| proc::read("net", table).unwrap_or_default());
    let end = format!(":{port:04X}");
    let lines = tables.iter().flat_map(|table| table.lines());
    lines
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let fits = fields.get(1)?.ends_with(&end) && *fields.get(3)? == LISTENING;
            fits.then(|| fields.get(9).map(|inode| format!("socket:[{inode}]")))?
        })
        .collect()
}

fn has_one_of(process: &str, sockets: &[String]) -> bool {
    proc::open_files(process).is_some_and(|mut files| {
        files.any(|file| sockets.iter().any(|socket| file.as_os_str() == &**socket))
    })
}

/// Tokens end by the clock, so that a wrong one keeps everybody out or lets them stay.
pub(super) fn clock(data: &Path, report: &mut Report) {
    let remedy = "set the clock, and let NTP keep it: tokens and retention go by it";
    let now = match now() {
        Ok(now) => now,
        Err(error) => return report.fail("clock", error.to_string(), remedy),
    };
    if now.get() < EARLIEST_MS {
        return report.fail("clock", "it is before 2026", remedy);
    }
    let now = SystemTime::UNIX_EPOCH + Duration::from_millis(now.get().unsigned_abs());
    let written = fs::metadata(antiphon_server::database(data)).and_then(|file| file.modified());
    match written {
        Ok(written) if written > now + BEHIND => {
            report.fail("clock", "it is behind the database's last change", remedy);
        }
        _ => report.ok("clock", "it can be right"),
    }
}
