//! The documents somebody who opens the repository looks for.

use std::path::Path;

const REQUIRED: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "docs/configuration.md",
    "docs/known-bugs.md",
    "docs/operations.md",
    "docs/protocol.md",
];

pub(super) fn faults(root: &Path) -> Vec<String> {
    REQUIRED
        .iter()
        .filter(|file| !root.join(file).is_file())
        .map(|file| format!("{file} is missing"))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{REQUIRED, faults};

    #[test]
    fn each_document_that_is_missing_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(faults(folder.path()).len(), REQUIRED.len());
        fs::create_dir(folder.path().join("docs")).expect("made");
        for file in &REQUIRED[1..] {
            fs::write(folder.path().join(file), "").expect("written");
        }
        assert_eq!(faults(folder.path()), ["README.md is missing"]);
    }
}
