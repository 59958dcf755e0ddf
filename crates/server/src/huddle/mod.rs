//! Who is still in a huddle.
//!
//! A tab renews its lease; [`Leases`] says whose has run out. Where there is a LiveKit server, it is
//! asked who is in each room; [`Ghosts`] says who is listed here and has not been there, and who is
//! there without a seat, and has to go. Both are pure functions of what they are told and the time.
//! The service drives them by the clock and ends the stays, each only under the lease it was about:
//! somebody who has come back meanwhile stays.
//!
//! When in doubt nobody is removed: a LiveKit server that fails, hangs or is not understood says
//! nothing about anybody.

mod ghosts;
mod leases;
mod livekit;
mod service;
#[cfg(test)]
mod tests;

use antiphon_api::ids::{HuddleId, HuddleLease, UnixMs, UserId};

pub(crate) use ghosts::Ghosts;
pub(crate) use leases::Leases;
pub use livekit::{BadLivekit, Livekit};
pub(crate) use service::{Huddles, follow, watch};

/// Somebody's place in a huddle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) huddle_id: HuddleId,
    pub(crate) user: UserId,
    pub(crate) lease: HuddleLease,
    /// When the lease was given.
    pub(crate) leased_at: UnixMs,
}
