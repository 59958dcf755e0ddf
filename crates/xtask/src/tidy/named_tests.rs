//! Tests that documents name as holding a promise: `folder::a_rust_test`, or `web: a title`.

use std::{fs, path::Path};

use anyhow::{Context, Result};

use super::length::rust_files;

/// The documents that name tests.
const DOCUMENTS: &[&str] = &["ARCHITECTURE.md", "docs/known-bugs.md"];

pub(super) fn faults(root: &Path) -> Result<Vec<String>> {
    let (mut rust, mut web) = (String::new(), String::new());
    for folder in ["crates", "tests"] {
        for file in rust_files(&root.join(folder))? {
            rust += &read(&file)?;
        }
    }
    for entry in fs::read_dir(root.join("web/test")).context("reading web/test")? {
        let path = entry.context("reading web/test")?.path();
        if path.to_string_lossy().ends_with(".test.js") {
            web += &read(&path)?;
        }
    }
    let mut faults = Vec::new();
    for document in DOCUMENTS {
        let text = read(&root.join(document))?;
        let missing = named(&text).filter(|test| !test.is_in(&rust, &web));
        faults.extend(missing.map(|test| format!("{document} names {test:?}, which is no test")));
    }
    Ok(faults)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

#[derive(Debug, PartialEq, Eq)]
enum Named<'a> {
    Rust(&'a str),
    Web(&'a str),
}

impl Named<'_> {
    fn is_in(&self, rust: &str, web: &str) -> bool {
        match self {
            Self::Rust(name) => rust.contains(&format!("fn {name}(")),
            Self::Web(title) => web.contains(&format!("\"{title}")),
        }
    }
}

/// The tests named between backticks; `folder::*` and a folder alone name none.
fn named(text: &str) -> impl Iterator<Item = Named<'_>> {
    text.split('`').skip(1).step_by(2).filter_map(|span| {
        if let Some(title) = span.strip_prefix("web: ") {
            return Some(Named::Web(title));
        }
        let (_, name) = span.rsplit_once("::")?;
        let is_name = name.contains('_') && !name.contains(|char: char| char.is_uppercase());
        is_name.then_some(Named::Rust(name))
    })
}

#[cfg(test)]
mod tests {
    use super::{Named, named};

    #[test]
    fn tests_are_named_between_backticks() {
        let text = "store `commit::a_batch`, `death::*`, `kill_storm`; `web: what one says`";
        let expected = [Named::Rust("a_batch"), Named::Web("what one says")];
        assert_eq!(named(text).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_test_is_found_under_its_whole_name() {
        let rust = "fn a_batch_of_two() {}";
        assert!(Named::Rust("a_batch_of_two").is_in(rust, ""));
        assert!(!Named::Rust("a_batch").is_in(rust, ""));
        assert!(Named::Web("says so").is_in("", "test(\"says so\", …"));
    }
}
