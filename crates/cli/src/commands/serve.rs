use antiphon_server::run_dir;
use anyhow::bail;

use super::{
    daemon::{gateway_config, key, server_config},
    stop::{LAST_WORDS, Stop},
};
use crate::{args::Serve, exit::Exit};

/// Server and gateway in one process, over the sockets in the data folder.
#[expect(
    clippy::print_stdout,
    reason = "the address to open is what the command is asked for"
)]
pub(super) async fn run(args: Serve) -> anyhow::Result<Exit> {
    let Serve {
        data,
        authority,
        edge,
        trust,
    } = args;
    let key = key(&trust)?;
    let mut server = server_config(&data.data, authority, &trust, &key)?;
    let gateway = gateway_config(run_dir(&data.data), edge, &trust, &key)?;
    server.signing_key = Some(key);
    let mut stop = Stop::listen()?;

    let server = antiphon_server::start(server).await?;
    let gateway = antiphon_gateway::start(gateway).await?;
    gateway.linked().await;
    println!("Antiphon is ready: http://{}/", gateway.address());

    tokio::select! {
        () = stop.asked() => {}
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
