//! `openrpc.json` at the root is the document made from the tables of methods and events. It is
//! committed, so that a change of the contract shows in review.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};

const FILE: &str = "openrpc.json";

/// Writes the document.
pub(crate) fn write(root: &Path) -> Result<()> {
    fs::write(root.join(FILE), document()?).with_context(|| format!("writing {FILE}"))
}

/// Fails when the committed document is not the one this contract makes.
pub(crate) fn check(root: &Path) -> Result<()> {
    let committed =
        fs::read_to_string(root.join(FILE)).with_context(|| format!("reading {FILE}"))?;
    if committed != document()? {
        bail!("{FILE} is stale; run `cargo xtask openrpc` and commit it");
    }
    Ok(())
}

fn document() -> Result<String> {
    let mut text = serde_json::to_string_pretty(&antiphon_api::openrpc::document())?;
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::{FILE, check, document, write};

    #[test]
    fn the_committed_document_is_the_one_this_contract_makes() {
        if let Err(error) = check(&crate::root()) {
            panic!("{error:#}");
        }
    }

    #[test]
    fn a_stale_document_fails_and_names_the_command_to_run() {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path()).expect("written");
        check(folder.path()).expect("fresh");
        fs::write(folder.path().join(FILE), "{}\n").expect("written");
        let error = check(folder.path()).expect_err("stale");
        assert!(error.to_string().contains("`cargo xtask openrpc`"));
        assert!(check(Path::new("/nonexistent")).is_err());
    }

    #[test]
    fn the_document_ends_with_one_newline() {
        let text = document().expect("made");
        assert!(text.ends_with("}\n"));
    }
}
