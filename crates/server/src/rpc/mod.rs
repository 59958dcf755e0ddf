//! JSON-RPC 2.0 over HTTP: from a request body to answers.

mod answer;
mod budgets;
mod call;
mod caller;
mod external;
mod http;
mod log;
mod router;
mod turns;

pub(crate) use answer::{Answers, answer};
pub(crate) use budgets::Budgets;
pub(crate) use http::serve;
pub(crate) use router::{Router, Run};
pub(crate) use turns::Turns;
