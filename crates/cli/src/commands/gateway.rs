use std::future::ready;

use super::{
    configured::{flag, gateway, loaded, trusted},
    stop::Stop,
    supervisor,
};
use crate::{
    args::Gateway,
    exit::Exit,
    logging,
    metrics::Watch,
    passed::{HTTP, Passed},
};

/// The edge alone.
#[expect(
    clippy::print_stdout,
    reason = "the address is what the command is asked for"
)]
pub(super) async fn run(args: Gateway, mut passed: Passed) -> anyhow::Result<Exit> {
    let server = flag("--server", "gateway.server", args.server.as_deref());
    let flags = args.edge.flags().chain(args.trust.flags());
    let config = loaded(&args.configuration, flags.chain(server))?.config;
    logging::start(&config.log)?;
    let mut gateway = gateway(&config, &trusted(&config.tokens)?)?;
    gateway.inherited = passed.tcp(HTTP)?;
    passed.nothing_else()?;
    let mut stop = Stop::listen()?;
    let watch = Watch::listen("gateway.metrics_listen", config.gateway.metrics_listen).await?;

    let gateway = antiphon_gateway::start(gateway).await?;
    let _telling = watch.tell_of(&gateway);
    println!("Antiphon's gateway listens: http://{}/", gateway.address());

    supervisor::ready();

    tokio::select! {
        () = stop.asked() => {}
        () = supervisor::watch_link(&gateway) => {}
        () = supervisor::watchdog(|| ready(true)) => {}
    }
    stop.unless_asked_again(gateway.drain()).await;
    Ok(Exit::Success)
}
