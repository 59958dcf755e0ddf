use antiphon_client::CallError;
use clap::CommandFactory;

use super::reach;
use crate::{
    args::{Args, Call},
    exit::{Exit, Misused},
    params::params,
    reference::Reference,
    view::{Reader, visible_json},
};

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
    let reference = Reference::load()?;
    let Some(method) = args.method.as_deref().filter(|_| !args.help) else {
        print!("{}", help(args.method.as_deref(), &reference)?);
        return Ok(Exit::Success);
    };
    let params = params(method, &args.params, &reference)?;
    let mut rpc = reach::rpc(&args.reach)?;
    if let Some(user) = args.user {
        rpc = rpc.acting_as(user);
    }
    match rpc.call_raw(method, params.as_deref()).await {
        Ok(result) => {
            print!("{}", Reader::of_stdout(args.show.json).result(&result));
            Ok(Exit::Success)
        }
        Err(CallError::Rpc(error)) => {
            eprintln!("{}", visible_json(&serde_json::to_string(&error)?));
            Ok(Exit::Failure)
        }
        Err(error) => {
            let context = reach::unanswered(&args.reach, &error);
            Err(anyhow::Error::new(error).context(context))
        }
    }
}

/// A method's page; without a method the command's own.
fn help(method: Option<&str>, reference: &Reference) -> anyhow::Result<String> {
    let Some(name) = method else {
        let mut command = Args::command();
        command.build();
        let call = command.find_subcommand_mut("call");
        return Ok(call.map_or_else(String::new, |call| call.render_help().to_string()));
    };
    let Some(method) = reference.method(name) else {
        let hint = reference.method_like(name).map_or_else(
            || "rpc.discover lists those there are".to_owned(),
            |like| format!("did you mean {like}?"),
        );
        return Err(Misused(format!("{name} is not described here; {hint}")).into());
    };
    Ok(reference.help(method)?)
}
