use antiphon_server::run_dir;
use anyhow::bail;

use super::{
    configured::{flag, loaded, server, trusted},
    stop::{LAST_WORDS, Stop},
};
use crate::{args::Server, exit::Exit, logging, metrics::Watch};

/// The authority alone.
#[expect(
    clippy::print_stdout,
    reason = "where to reach it is what the command is asked for"
)]
pub(super) async fn run(args: Server) -> anyhow::Result<Exit> {
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
    let data = server.data.clone();
    let mut stop = Stop::listen()?;
    let watch = Watch::listen("server.metrics_listen", config.server.metrics_listen).await?;

    let server = antiphon_server::start(server).await?;
    let _telling = watch.tell(|registry| server.register(registry));
    println!("Antiphon's server is ready: {}", run_dir(&data).display());
    if let Some(address) = server.rpc_address() {
        println!("JSON-RPC is at http://{address}/rpc");
    }

    tokio::select! {
        () = stop.asked() => {}
        reason = server.failed() => {
            let _ = tokio::time::timeout(LAST_WORDS, server.stop()).await;
            bail!("the database failed: {reason}");
        }
    }
    stop.unless_asked_again(server.stop()).await;
    Ok(Exit::Success)
}
