use std::io::Write;

use antiphon_api::{ids::Pos, method::NoParams, methods::session::Ticket};
use antiphon_client::{Auth, Follow, Rpc, Stream, Target, Update, stream::ConnectError};

use super::reach;
use crate::{
    args::Tail,
    exit::Exit,
    view::{Reader, visible},
};

/// Prints every frame of a user's stream, across reconnects, until interrupted or refused.
#[expect(
    clippy::print_stderr,
    reason = "what is no frame does not belong among them"
)]
pub(super) async fn run(args: Tail) -> anyhow::Result<Exit> {
    let reader = Reader::of_stdout(args.show.json);
    let control = move |frame: &str| print(reader, frame);
    let mut follow = follow(&args, args.from)?.showing_control(control);
    loop {
        match follow.next().await? {
            Update::Event(event) => print(reader, &event.raw),
            // There is no state here to replace: go on from where the stream does.
            Update::Resynced { pos, .. } => follow.snapshot_loaded(pos)?,
            Update::Live { .. } => {}
            Update::Disconnected { why, retry_in } => {
                let why = visible(&format!("{:#}", anyhow::Error::new(why)));
                let wait = retry_in.as_millis();
                eprintln!("antiphon: {why}; trying again in {wait} ms");
            }
        }
    }
}

fn follow(args: &Tail, from: Option<Pos>) -> anyhow::Result<Follow> {
    let target = |url: &str, auth| Target {
        user: Some(args.user),
        resume: from,
        ..Target::of_gateway(url, auth)
    };
    if let (Some(url), Some(token)) = (&args.reach.url, &args.reach.token) {
        return Ok(Follow::target(target(url, Auth::Bearer(token.clone()))));
    }
    let rpc = reach::rpc(&args.reach)?.acting_as(args.user);
    let template = target(&args.gateway, Auth::Ticket(String::new()));
    Ok(Follow::dialing(from, move |resume| {
        let (rpc, template) = (rpc.clone(), template.clone());
        Box::pin(async move {
            let auth = Auth::Ticket(ticket(&rpc).await?);
            Stream::connect(&Target {
                auth,
                resume,
                ..template
            })
            .await
        })
    }))
}

/// A ticket opens one connection, so every attempt needs another.
async fn ticket(rpc: &Rpc) -> Result<String, ConnectError> {
    let ticket = rpc.call::<Ticket>(&NoParams {}).await;
    Ok(ticket
        .map_err(|error| ConnectError::Credentials(error.into()))?
        .ticket)
}

/// A reader that has gone away, as `head` does, ends the command in peace.
fn print(reader: Reader, frame: &str) {
    let Some(line) = reader.frame(frame) else {
        return;
    };
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}
