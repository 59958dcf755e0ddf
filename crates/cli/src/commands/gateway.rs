use super::{
    daemon::{gateway_config, key},
    stop::Stop,
};
use crate::{args::Gateway, exit::Exit};

/// The edge alone.
#[expect(
    clippy::print_stdout,
    reason = "the address is what the command is asked for"
)]
pub(super) async fn run(args: Gateway) -> anyhow::Result<Exit> {
    let config = gateway_config(args.server, args.edge, &args.trust, &key(&args.trust)?)?;
    let mut stop = Stop::listen()?;

    let gateway = antiphon_gateway::start(config).await?;
    println!("Antiphon's gateway listens: http://{}/", gateway.address());

    stop.asked().await;
    stop.unless_asked_again(gateway.drain()).await;
    Ok(Exit::Success)
}
