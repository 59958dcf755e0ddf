//! The whole system from outside: real processes, real sockets, and clients that know the
//! protocol's page and none of its code.

mod auth;
mod cli;
mod edge;
mod frames;
mod http;
mod patience;
mod replay;
mod resume;
mod socket_calls;
mod sse;
mod talk;
