//! The whole system from outside: real processes, real sockets, and clients that know the
//! protocol's page and none of its code.

mod frames;
mod replay;
mod resume;
mod socket_calls;
mod sse;
mod talk;
