use antiphon_server::run_dir;
use anyhow::bail;

use super::{
    daemon::{key, refuse_open_dev, server_config},
    stop::{LAST_WORDS, Stop},
};
use crate::{args::Server, exit::Exit};

/// The authority alone.
#[expect(
    clippy::print_stdout,
    reason = "where to reach it is what the command is asked for"
)]
pub(super) async fn run(args: Server) -> anyhow::Result<Exit> {
    refuse_open_dev(args.trust.dev, args.rpc_listen)?;
    let data = args.data.data;
    let key = key(&args.trust)?;
    let mut config = server_config(&data, args.authority, &args.trust, &key)?;
    // One made for development is known to no gateway.
    config.signing_key = args.trust.signing_key.is_some().then_some(key);
    config.rpc_listen = args.rpc_listen;
    let mut stop = Stop::listen()?;

    let server = antiphon_server::start(config).await?;
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
