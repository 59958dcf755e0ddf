//! Who is there, said by the server alone.
//!
//! Gateways hold leases: one for each open tab, told over the link in order and told whole after
//! each hello. Users make claims, which are stored. [`Board`] is the pure part, a function of
//! (leases, claims, now). [`Presence`] drives it by the clock, and [`follow`] tells people what
//! changed.

mod board;
mod claims;
mod marks;
mod service;
mod telling;

pub(crate) use board::Board;
pub(crate) use claims::Claimed;
pub(crate) use service::Presence;
pub(crate) use telling::follow;
