//! What is on disk: whose it is, who may read it, how much room there is.

use std::{
    fs::{self, Metadata},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use antiphon_config::Config;
use antiphon_server::{database, quick_check};
use nix::sys::statvfs::statvfs;

use super::report::Report;

/// Free bytes below which there is a warning, and a failure.
const LITTLE_ROOM: u64 = 1 << 30;
const NO_ROOM: u64 = 100 << 20;

/// What nobody but the owner, and others at all, may do.
const OTHERS: u32 = 0o027;
const ALL_BUT_OWNER: u32 = 0o077;

pub(super) fn absent(data: &Path, report: &mut Report) {
    let found = format!("{} is not there", data.display());
    let remedy = "name it with --data or server.data, and start the server, which makes it; where a \
                  gateway is alone there is none";
    report.warn("data", found, remedy);
}

pub(super) fn check(data: &Path, deep: bool, report: &mut Report) {
    let folder = modes("data", data, OTHERS, "750", report);
    let path = database(data);
    let base = modes("database", &path, ALL_BUT_OWNER, "600", report);
    if let (Some(folder), Some(base)) = (folder, base)
        && folder.uid() != base.uid()
    {
        let found = format!(
            "the data folder is of uid {}, the database of {}",
            folder.uid(),
            base.uid()
        );
        let remedy = format!(
            "chown both to the user that the server runs as: {}",
            data.display()
        );
        report.fail("database", found, remedy);
    }
    room(data, report);
    if deep {
        match quick_check(data) {
            Ok(()) => report.ok("integrity", "the database has no damage"),
            Err(error) => {
                let remedy = "stop the server and restore a backup: docs/operations.md";
                report.fail("integrity", causes(&error), remedy);
            }
        }
    }
}

/// The files with keys must not be for everybody.
pub(super) fn keys(config: &Config, report: &mut Report) {
    let tokens = &config.tokens;
    let signing = tokens.signing_key.iter();
    let keys = signing
        .chain(&tokens.verifying_keys)
        .chain(&config.server.livekit.secret_file);
    for key in keys {
        modes("key", key, OTHERS, "600", report);
    }
}

/// Looks at a file's modes: none of `forbidden` may be among them.
fn modes(
    check: &'static str,
    path: &Path,
    forbidden: u32,
    usual: &str,
    report: &mut Report,
) -> Option<Metadata> {
    let shown = path.display();
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => {
            report.fail(check, format!("{shown}: {error}"), unreadable(&error, path));
            return None;
        }
    };
    let mode = metadata.mode() & 0o7777;
    let found = format!("{shown}, mode {mode:03o}, uid {}", metadata.uid());
    if mode & forbidden == 0 {
        report.ok(check, found);
    } else {
        let remedy = format!("others may read or change it: chmod {usual} {shown}");
        report.fail(check, found, remedy);
    }
    Some(metadata)
}

/// What to do about a file that cannot be looked at.
fn unreadable(error: &io::Error, path: &Path) -> String {
    if error.kind() == io::ErrorKind::PermissionDenied {
        "look as the daemons' user, as one of its group, or as root".to_owned()
    } else {
        let folder = path.parent().map(PathBuf::from).unwrap_or_default();
        format!("is it another folder than {}?", folder.display())
    }
}

fn room(data: &Path, report: &mut Report) {
    let free = match statvfs(data) {
        Ok(disk) => {
            // How wide the two numbers are depends on the system.
            let free = u128::from(disk.blocks_available()) * u128::from(disk.fragment_size());
            u64::try_from(free).unwrap_or(u64::MAX)
        }
        Err(error) => {
            let remedy = unreadable(&error.into(), data);
            return report.warn("disk", error.to_string(), remedy);
        }
    };
    let found = format!("{} MiB free at {}", free >> 20, data.display());
    let remedy = "make room: with a full disk nothing is changed any more, and the server may end";
    match free {
        ..NO_ROOM => report.fail("disk", found, remedy),
        NO_ROOM..LITTLE_ROOM => report.warn("disk", found, remedy),
        LITTLE_ROOM.. => report.ok("disk", found),
    }
}

/// An error with what caused it.
pub(super) fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let mut words: Vec<String> = causes.map(ToString::to_string).collect();
    words.dedup();
    words.join(": ")
}
