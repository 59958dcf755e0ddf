//! JSON-RPC 2.0 over HTTP: from a request body to answers.

mod answer;
mod call;
mod caller;
mod http;
mod router;

pub(crate) use answer::{Answers, answer};
pub(crate) use http::serve;
pub(crate) use router::{Router, Run};
