//! What looks at the state as a whole.

use super::{Maker, none, step};

pub(super) const STEPS: &[Maker] = &[
    step("state.snapshot", 1, none),
    step("server.health", 1, none),
];
