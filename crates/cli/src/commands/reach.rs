use std::path::PathBuf;

use antiphon_client::{
    Rpc,
    rpc::{CallError, TransportError},
};
use antiphon_server::{RPC_SOCKET, run_dir};
use anyhow::Context;

use crate::args::Reach;

/// The way to the server that the flags describe.
pub(super) fn rpc(reach: &Reach) -> anyhow::Result<Rpc> {
    match &reach.url {
        Some(url) => {
            Rpc::http(url, reach.token.clone()).with_context(|| format!("cannot use {url}"))
        }
        None => Ok(Rpc::unix(socket(reach))),
    }
}

fn socket(reach: &Reach) -> PathBuf {
    let default = || run_dir(&reach.data.data).join(RPC_SOCKET);
    reach.socket.clone().unwrap_or_else(default)
}

/// What to tell somebody whose call was not answered.
pub(super) fn unanswered(reach: &Reach, error: &CallError) -> String {
    match (error, &reach.url) {
        (CallError::Transport(TransportError::Connect { .. }), Some(url)) => {
            format!("nobody answers at {url}; is it the gateway's address, and is it running?")
        }
        (CallError::Transport(TransportError::Connect { .. }), None) => format!(
            "nobody answers at {}; is the server running? Name its data folder with --data, or \
             its socket with --socket",
            socket(reach).display()
        ),
        _ => "the call was not answered".to_owned(),
    }
}
