use antiphon_client::CallError;
use anyhow::Context;
use serde_json::value::RawValue;

use super::reach;
use crate::{args::Call, exit::Exit};

/// Calls a method; prints its result, or its error and fails.
#[expect(
    clippy::print_stdout,
    reason = "the result is what the command is asked for"
)]
#[expect(
    clippy::print_stderr,
    reason = "an RPC error is an answer, not a failure of ours"
)]
pub(super) async fn run(args: Call) -> anyhow::Result<Exit> {
    let mut rpc = reach::rpc(&args.reach)?;
    if let Some(user) = args.user {
        rpc = rpc.acting_as(user);
    }
    let params = args.params.map(RawValue::from_string).transpose().context(
        "the parameters are not JSON; quote them for the shell: '{\"name\": \"value\"}'",
    )?;
    match rpc.call_raw(&args.method, params.as_deref()).await {
        Ok(result) => {
            println!("{result}");
            Ok(Exit::Success)
        }
        Err(CallError::Rpc(error)) => {
            eprintln!("{}", serde_json::to_string(&error)?);
            Ok(Exit::Failure)
        }
        Err(error) => Err(anyhow::Error::new(error).context("the call was not answered")),
    }
}
