//! The whole system from outside: real processes, real sockets, and clients that know the
//! protocol's page and none of its code.

mod disk;
mod drain;
mod faults;
mod frames;
mod kill_storm;
mod link;
mod membership;
mod replay;
mod restore;
mod resume;
mod socket_calls;
mod sse;
mod talk;
