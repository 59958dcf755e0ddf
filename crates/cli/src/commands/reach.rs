use antiphon_client::Rpc;
use antiphon_server::{RPC_SOCKET, run_dir};
use anyhow::Context;

use crate::args::Reach;

/// The way to the server that the flags describe.
pub(super) fn rpc(reach: &Reach) -> anyhow::Result<Rpc> {
    match &reach.url {
        Some(url) => {
            Rpc::http(url, reach.token.clone()).with_context(|| format!("cannot use {url}"))
        }
        None => {
            let default = || run_dir(&reach.data.data).join(RPC_SOCKET);
            Ok(Rpc::unix(reach.socket.clone().unwrap_or_else(default)))
        }
    }
}
