//! How long a Rust file may be. Most want 100 to 300 lines; one over [`LONG`] says why here, and
//! none is over [`TOO_LONG`].

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

const LONG: usize = 500;
const TOO_LONG: usize = 800;

/// Files over [`LONG`], each with its reason.
const REASONS: &[(&str, &str)] = &[];

pub(super) fn faults(root: &Path) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for folder in ["crates", "tests", "bench"] {
        for file in rust_files(&root.join(folder))? {
            let text =
                fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
            let name = file.strip_prefix(root).unwrap_or(&file);
            faults.extend(fault(
                &name.to_string_lossy(),
                text.lines().count(),
                REASONS,
            ));
        }
    }
    Ok(faults)
}

fn fault(file: &str, lines: usize, reasons: &[(&str, &str)]) -> Option<String> {
    let reason = reasons.iter().find(|(name, _)| *name == file);
    if lines > TOO_LONG {
        Some(format!(
            "{file} has {lines} lines; none may have over {TOO_LONG}"
        ))
    } else if lines > LONG && reason.is_none() {
        Some(format!(
            "{file} has {lines} lines; over {LONG} needs a reason in tidy/length.rs"
        ))
    } else if lines <= LONG && reason.is_some() {
        Some(format!(
            "{file} has {lines} lines and needs no reason in tidy/length.rs"
        ))
    } else {
        None
    }
}

/// In the order of their names.
pub(super) fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::{LONG, TOO_LONG, fault, faults};

    #[test]
    fn no_file_of_this_repository_is_too_long() {
        assert_eq!(faults(&crate::root()).expect("read"), Vec::<String>::new());
    }

    #[test]
    fn a_long_file_needs_a_reason_and_none_helps_one_that_is_too_long() {
        let reasons = [("a.rs", "a table")];
        let is_fault = |file, lines| fault(file, lines, &reasons).is_some();
        assert!(!is_fault("b.rs", LONG));
        assert!(is_fault("b.rs", LONG + 1));
        assert!(!is_fault("a.rs", LONG + 1));
        assert!(!is_fault("a.rs", TOO_LONG));
        assert!(is_fault("a.rs", TOO_LONG + 1));
    }

    #[test]
    fn a_reason_goes_when_its_file_is_short_again() {
        assert!(fault("a.rs", LONG, &[("a.rs", "a table")]).is_some());
    }
}
