//! What the system lets the daemons have, and whether its clock can be right.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use super::{Places, report::Report};
use crate::commands::token::now;

/// What a gateway opens beside its connections: sockets to the server, the listener, its log.
const BESIDE: u64 = 128;
/// The clock cannot be right before this, 2026-01-01, in milliseconds.
const EARLIEST_MS: i64 = 1_767_225_600_000;
/// How far behind the database's last change the clock may be: other machines write to no disk of ours.
const BEHIND: Duration = Duration::from_secs(60);

const FILES: &str = "open files";

/// Whether the gateway may have as many connections as it is configured to.
pub(super) fn files(places: &Places, server: Option<i32>, gateway: bool, report: &mut Report) {
    if !gateway {
        return;
    }
    let port = places.gateway.rsplit(':').next();
    let port = port.and_then(|port| port.parse().ok());
    let process = port.and_then(|port| listener(port, server));
    let Some(most) = process.and_then(open_files) else {
        let remedy = "look as the gateway's user, or as root";
        return report.warn(
            FILES,
            "the gateway's limit cannot be seen from here",
            remedy,
        );
    };
    let connections = places.config.gateway.caps.connections.get();
    let found = format!("{most} for the gateway, which takes {connections} connections");
    if most >= connections + BESIDE {
        report.ok(FILES, found);
    } else {
        let remedy = format!(
            "raise it to {} (LimitNOFILE= of its service, or ulimit -n), or lower \
             gateway.caps.connections",
            connections + BESIDE
        );
        report.warn(FILES, found, remedy);
    }
}

/// The process that listens on a port: `likely` first, then any that may be looked at.
fn listener(port: u16, likely: Option<i32>) -> Option<i32> {
    let sockets = sockets(port);
    let others = fs::read_dir("/proc").ok()?.filter_map(|entry| {
        let name = entry.ok()?.file_name();
        name.to_str()?.parse().ok()
    });
    likely
        .into_iter()
        .chain(others)
        .find(|process| has_one_of(*process, &sockets))
}

/// The listening sockets of a port, as `socket:[inode]` (proc(5)).
fn sockets(port: u16) -> Vec<String> {
    const LISTENING: &str = "0A";
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let tables = tables.map(|table| fs::read_to_string(table).unwrap_or_default());
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

fn has_one_of(process: i32, sockets: &[String]) -> bool {
    let Ok(files) = fs::read_dir(format!("/proc/{process}/fd")) else {
        return false;
    };
    files
        .filter_map(|file| fs::read_link(file.ok()?.path()).ok())
        .any(|target| sockets.iter().any(|socket| target.as_os_str() == &**socket))
}

/// The soft limit of a process.
fn open_files(process: i32) -> Option<u64> {
    let limits = fs::read_to_string(format!("/proc/{process}/limits")).ok()?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
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
