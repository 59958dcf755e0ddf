use antiphon_server::run_dir;
use anyhow::bail;

use super::{
    configured::{gateway, loaded, server, trusted},
    group::not_started,
    stop::{LAST_WORDS, Stop},
    supervisor,
};
use crate::{
    args::Serve,
    exit::Exit,
    logging,
    metrics::{Page, Watch},
    passed::{HTTP, Passed},
};

/// Server and gateway in one process, over the sockets in the data folder.
#[expect(
    clippy::print_stdout,
    reason = "the address to open is what the command is asked for"
)]
pub(super) async fn run(args: Serve, mut passed: Passed) -> anyhow::Result<Exit> {
    let Serve {
        configuration,
        authority,
        edge,
        trust,
    } = args;
    let flags = authority.flags().chain(edge.flags()).chain(trust.flags());
    let config = loaded(&configuration, flags)?.config;
    logging::start(&config.log)?;
    let trusted = trusted(&config.tokens)?;
    let server = server(&config, &trusted)?;
    let mut gateway = gateway(&config, &trusted)?;
    gateway.server = run_dir(&server.data);
    gateway.inherited = passed.tcp(HTTP)?;
    passed.nothing_else()?;
    let mut stop = Stop::listen()?;
    let watches = [
        Watch::listen("server.metrics_listen", config.server.metrics_listen).await?,
        Watch::listen("gateway.metrics_listen", config.gateway.metrics_listen).await?,
    ];

    let server = antiphon_server::start(server).await.map_err(not_started)?;
    let gateway = antiphon_gateway::start(gateway).await?;
    let [of_server, of_gateway] = watches;
    let _telling = [
        of_server.tell(Page::of(|registry| server.register(registry))),
        of_gateway.tell_of(&gateway),
    ];
    gateway.linked().await;
    println!("Antiphon is ready: http://{}/", gateway.address());

    supervisor::ready();

    tokio::select! {
        () = stop.asked() => {}
        () = supervisor::watchdog(|| server.pulse()) => {}
        () = supervisor::watch_link(&gateway) => {}
        reason = server.failed() => {
            let _ = tokio::time::timeout(LAST_WORDS, server.stop()).await;
            bail!("the database failed: {reason}");
        }
    }
    stop.unless_asked_again(async {
        gateway.drain().await;
        server.stop().await;
    })
    .await;
    Ok(Exit::Success)
}
