//! What Linux says of a process, given by its number or as `self`: proc(5). Where there is no /proc,
//! or it may not be read, nothing is said.

use std::{fs, path::PathBuf, str::FromStr};

/// A file of /proc/`folder`.
pub(crate) fn read(folder: &str, file: &str) -> Option<String> {
    fs::read_to_string(format!("/proc/{folder}/{file}")).ok()
}

/// What each of its open files is, a socket as `socket:[inode]`.
pub(crate) fn open_files(process: &str) -> Option<impl Iterator<Item = PathBuf>> {
    let files = fs::read_dir(format!("/proc/{process}/fd")).ok()?;
    Some(files.filter_map(|file| fs::read_link(file.ok()?.path()).ok()))
}

/// How many files it may have open; infinitely many where there is no limit.
pub(crate) fn max_open_files(process: &str) -> Option<f64> {
    let limits = read(process, "limits")?;
    Some(after(&limits, "Max open files").unwrap_or(f64::INFINITY))
}

/// The first word behind `label` on the line that begins with it.
pub(crate) fn after<T: FromStr>(text: &str, label: &str) -> Option<T> {
    let line = text.lines().find_map(|line| line.strip_prefix(label))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::after;

    #[test]
    fn a_label_is_looked_for_where_a_line_begins() {
        let text = "a VmRSS: 1 kB\nVmRSS:\t 22 kB\n";
        assert_eq!(after::<u64>(text, "VmRSS:"), Some(22));
        assert_eq!(after::<u64>(text, "Vm:"), None);
    }
}
