//! Who may use whom. An arrow that is not here needs a reason in `ARCHITECTURE.md` first.

use std::path::Path;

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, MetadataCommand};

/// A crate, and those it may use in what it ships.
const ALLOWED: &[(&str, &[&str])] = &[
    ("antiphon-api", &[]),
    ("antiphon-wire", &["antiphon-api"]),
    ("antiphon-session", &["antiphon-api"]),
    ("antiphon-store", &["antiphon-api"]),
    ("antiphon-token", &["antiphon-api"]),
    ("antiphon-client", &["antiphon-api"]),
    ("antiphon-config", &[]),
    (
        "antiphon-server",
        &[
            "antiphon-api",
            "antiphon-store",
            "antiphon-token",
            "antiphon-wire",
        ],
    ),
    (
        "antiphon-gateway",
        &[
            "antiphon-api",
            "antiphon-client",
            "antiphon-session",
            "antiphon-token",
            "antiphon-wire",
        ],
    ),
    (
        "antiphon-cli",
        &[
            "antiphon-api",
            "antiphon-client",
            "antiphon-config",
            "antiphon-gateway",
            "antiphon-server",
            "antiphon-token",
        ],
    ),
    (
        "bench",
        &["antiphon-api", "antiphon-store", "antiphon-wire"],
    ),
    ("xtask", &["antiphon-api", "antiphon-config"]),
];
/// They may use anything, but only the last one the command line.
const FREE: &[&str] = &["antiphon-test-support", TESTS];
const TESTS: &str = "outside-tests";
const CLI: &str = "antiphon-cli";
const TEST_SUPPORT: &str = "antiphon-test-support";

/// `from` uses `to`; `shipped` unless for its tests or its build alone.
struct Arrow {
    from: String,
    to: String,
    shipped: bool,
}

pub(super) fn faults(root: &Path) -> Result<Vec<String>> {
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("cargo metadata")?;
    let packages = metadata.workspace_packages();
    let arrows = packages.iter().flat_map(|package| {
        package
            .dependencies
            .iter()
            .filter(|dependency| dependency.path.is_some())
            .map(|dependency| Arrow {
                from: package.name.to_string(),
                to: dependency.name.clone(),
                shipped: dependency.kind == DependencyKind::Normal,
            })
    });
    let unknown = packages
        .iter()
        .filter(|package| !is_known(&package.name))
        .map(|package| format!("{}: nothing says what it may use", package.name));
    Ok(arrows
        .filter_map(|arrow| arrow.fault())
        .chain(unknown)
        .collect())
}

fn is_known(name: &str) -> bool {
    FREE.contains(&name) || ALLOWED.iter().any(|(from, _)| *from == name)
}

impl Arrow {
    fn fault(&self) -> Option<String> {
        let Self { from, to, shipped } = self;
        if to == CLI && from != TESTS {
            return Some(format!("{from} uses {CLI}, which only {TESTS} may"));
        }
        if !shipped || FREE.contains(&from.as_str()) {
            return None;
        }
        if to == TEST_SUPPORT {
            return Some(format!("{from} ships {TEST_SUPPORT}, which is for tests"));
        }
        let allowed = ALLOWED.iter().find(|(name, _)| name == from);
        let is_allowed = allowed.is_some_and(|(_, uses)| uses.contains(&to.as_str()));
        (!is_allowed).then(|| format!("{from} may not use {to}"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Arrow, faults};

    fn is_allowed(from: &str, to: &str, shipped: bool) -> bool {
        let arrow = Arrow {
            from: from.into(),
            to: to.into(),
            shipped,
        };
        arrow.fault().is_none()
    }

    #[test]
    fn this_workspace_has_no_arrow_that_is_not_allowed() {
        assert_eq!(faults(&crate::root()).expect("read"), Vec::<String>::new());
    }

    #[test]
    fn an_arrow_goes_one_way() {
        assert!(is_allowed("antiphon-gateway", "antiphon-session", true));
        assert!(!is_allowed("antiphon-session", "antiphon-gateway", true));
        assert!(!is_allowed("antiphon-gateway", "antiphon-server", true));
        assert!(!is_allowed("antiphon-api", "antiphon-wire", true));
    }

    #[test]
    fn tests_may_use_what_the_crate_they_test_may_not_but_never_the_command_line() {
        assert!(is_allowed(
            "antiphon-session",
            "antiphon-test-support",
            false
        ));
        assert!(!is_allowed(
            "antiphon-session",
            "antiphon-test-support",
            true
        ));
        assert!(!is_allowed("antiphon-session", "antiphon-cli", false));
        assert!(!is_allowed("antiphon-test-support", "antiphon-cli", true));
        assert!(is_allowed("outside-tests", "antiphon-cli", true));
    }

    #[test]
    fn a_crate_that_is_not_listed_may_use_nothing() {
        assert!(!is_allowed("antiphon-helpers", "antiphon-api", true));
    }
}
