use antiphon_server::{Inherited, run_dir};
use anyhow::bail;

use super::{
    configured::{flag, loaded, server, trusted},
    group::not_started,
    stop::{LAST_WORDS, Stop},
    supervisor,
};
use crate::{
    args::Server,
    exit::Exit,
    logging,
    metrics::{Page, Watch},
    passed::{EVENTS, Passed, RPC},
};

/// The authority alone.
#[expect(
    clippy::print_stdout,
    reason = "where to reach it is what the command is asked for"
)]
pub(super) async fn run(args: Server, mut passed: Passed) -> anyhow::Result<Exit> {
    let rpc_listen = flag(
        "--rpc-listen",
        "server.rpc_listen",
        args.rpc_listen.as_deref(),
    );
    let flags = args.authority.flags().chain(args.trust.flags());
    let config = loaded(&args.configuration, flags.chain(rpc_listen))?.config;
    logging::start(&config.log)?;
    let mut server = server(&config, &trusted(&config.tokens)?)?;
    // A key that was made for development is known to no gateway.
    if config.tokens.signing_key.is_none() {
        server.signer = None;
    }
    server.inherited = Inherited {
        rpc: passed.unix(RPC)?,
        events: passed.unix(EVENTS)?,
    };
    passed.nothing_else()?;
    let at = match (&server.inherited.rpc, &server.inherited.events) {
        (None, None) => run_dir(&server.data).display().to_string(),
        _ => "on the sockets it was given".to_owned(),
    };
    let mut stop = Stop::listen()?;
    let watch = Watch::listen("server.metrics_listen", config.server.metrics_listen).await?;

    let server = antiphon_server::start(server).await.map_err(not_started)?;
    let _telling = watch.tell(Page::of(|registry| server.register(registry)));
    println!("Antiphon's server is ready: {at}");
    if let Some(address) = server.rpc_address() {
        println!("JSON-RPC is at http://{address}/rpc");
    }

    supervisor::ready();

    tokio::select! {
        () = stop.asked() => {}
        () = supervisor::watchdog(|| server.pulse()) => {}
        reason = server.failed() => {
            let _ = tokio::time::timeout(LAST_WORDS, server.stop()).await;
            bail!("the database failed: {reason}");
        }
    }
    stop.unless_asked_again(server.stop()).await;
    Ok(Exit::Success)
}
