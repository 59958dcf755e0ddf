//! What the compiler does not check: who may use whom, how long a file may be, which documents
//! must be there, that the tests they name are, and that the protocol's tables are complete. Every
//! fault is told at once.

mod arrows;
mod catalogue;
mod documents;
mod length;
mod named_tests;

use std::path::Path;

use anyhow::{Result, bail};

/// Fails with every fault, one a line.
pub(crate) fn check(root: &Path) -> Result<()> {
    let mut faults = arrows::faults(root)?;
    faults.extend(length::faults(root)?);
    faults.extend(documents::faults(root));
    faults.extend(catalogue::faults(root)?);
    faults.extend(named_tests::faults(root)?);
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(())
}
