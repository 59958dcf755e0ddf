//! How an installation is configured: one TOML file, the environment and the command line.
//!
//! [`Config`] is every key with its meaning, unit, default and bounds, in its types. What is known of
//! them from there ([`keys`]) makes the documentation, the file that `config init` writes, the names
//! of the environment's variables, and the word for a key that does not exist. [`load`] lays the
//! sources over each other, later ones over earlier ones: the defaults, the file, `ANTIPHON_*`, the
//! command line; and knows of each value where it came from.

mod document;
mod file;
mod keys;
mod load;
mod sections;
#[cfg(test)]
mod tests;
mod units;

pub use document::{commented_file, markdown};
pub use keys::{Key, keys, nearest};
pub use load::{Flag, Loaded, Place, Problem, Setting, load};
pub use sections::{
    Caps, Config, Gateway, Heartbeat, Limits, Livekit, Log, LogFormat, Rates, Retention, Rings,
    Server, Tokens,
};
pub use units::{Count, Time};
