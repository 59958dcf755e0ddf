//! What is made from the code and committed, so that a change of it shows in review: the OpenRPC
//! document from the tables of methods and events, the page of the configuration from its types.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};

/// A committed file, and how it is made.
pub(crate) struct Generated {
    file: &'static str,
    /// `cargo xtask` makes it with this.
    command: &'static str,
    make: fn() -> Result<String>,
}

pub(crate) const OPENRPC: Generated = Generated {
    file: "openrpc.json",
    command: "openrpc",
    make: document,
};

pub(crate) const CONFIGURATION: Generated = Generated {
    file: "docs/configuration.md",
    command: "configuration",
    make: || Ok(antiphon_config::markdown()),
};

impl Generated {
    pub(crate) fn write(&self, root: &Path) -> Result<()> {
        fs::write(root.join(self.file), (self.make)()?)
            .with_context(|| format!("writing {}", self.file))
    }

    /// Fails when what is committed is not what is made now.
    pub(crate) fn check(&self, root: &Path) -> Result<()> {
        let Self { file, command, .. } = self;
        let committed =
            fs::read_to_string(root.join(file)).with_context(|| format!("reading {file}"))?;
        if committed != (self.make)()? {
            bail!("{file} is stale; run `cargo xtask {command}` and commit it");
        }
        Ok(())
    }
}

fn document() -> Result<String> {
    let mut text = serde_json::to_string_pretty(&antiphon_api::openrpc::document())?;
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::{CONFIGURATION, OPENRPC};

    #[test]
    fn what_is_committed_is_what_is_made() {
        for generated in [OPENRPC, CONFIGURATION] {
            if let Err(error) = generated.check(&crate::root()) {
                panic!("{error:#}");
            }
        }
    }

    #[test]
    fn a_stale_document_fails_and_names_the_command_to_run() {
        let folder = tempfile::tempdir().expect("a folder");
        OPENRPC.write(folder.path()).expect("written");
        OPENRPC.check(folder.path()).expect("fresh");
        fs::write(folder.path().join(OPENRPC.file), "{}\n").expect("written");
        let error = OPENRPC.check(folder.path()).expect_err("stale");
        assert!(error.to_string().contains("`cargo xtask openrpc`"));
        assert!(OPENRPC.check(Path::new("/nonexistent")).is_err());
    }

    #[test]
    fn a_file_ends_with_one_newline() {
        for generated in [OPENRPC, CONFIGURATION] {
            let text = (generated.make)().expect("made");
            assert!(text.ends_with('\n') && !text.ends_with("\n\n"));
        }
    }
}
