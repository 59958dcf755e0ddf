//! What the compiler does not check: who may use whom, how long a file may be, and which
//! documents must be there. Every fault is told at once.

mod arrows;
mod documents;
mod length;

use std::path::Path;

use anyhow::{Result, bail};

/// Fails with every fault, one a line.
pub(crate) fn check(root: &Path) -> Result<()> {
    let mut faults = arrows::faults(root)?;
    faults.extend(length::faults(root)?);
    faults.extend(documents::faults(root));
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(())
}
