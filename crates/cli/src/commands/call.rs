use antiphon_client::CallError;

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
    match rpc.call_raw(&args.method, args.params.as_deref()).await {
        Ok(result) => {
            println!("{result}");
            Ok(Exit::Success)
        }
        Err(CallError::Rpc(error)) => {
            eprintln!("{}", serde_json::to_string(&error)?);
            Ok(Exit::Failure)
        }
        Err(error) => {
            let context = reach::unanswered(&args.reach, &error);
            Err(anyhow::Error::new(error).context(context))
        }
    }
}
