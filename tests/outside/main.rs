//! The whole system from outside: real processes, real sockets, and clients that know the
//! protocol's page and none of its code; but for the oracle, whose clients are the Rust client.

mod auth;
mod caps;
mod cli;
mod completion;
mod configuration;
mod database;
mod disk;
mod drain;
mod edge;
mod examples;
mod external;
mod faults;
mod frames;
mod http;
mod kill_storm;
mod link;
mod membership;
mod metrics;
mod missed;
mod oracle;
mod patience;
mod rates;
mod replay;
mod restore;
mod resume;
mod socket_calls;
mod sse;
mod talk;
mod terminal;
