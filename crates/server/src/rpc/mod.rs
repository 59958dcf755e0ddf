//! JSON-RPC 2.0 over HTTP: from a request body to answers.

mod budgets;
mod call;
mod external;
mod http;
mod router;

pub(crate) use budgets::Budgets;
pub(crate) use call::{Answers, answer};
pub(crate) use http::serve;
pub(crate) use router::{Router, Run};
