//! What a daemon tells whoever watches it, on a listener of its own: no client is meant, so that none
//! can reach it. Gateway and server each register what they count; what is known of the process is
//! the same for both.

mod listener;
mod process;

use std::net::SocketAddr;

use prometheus_client::{metrics::info::Info, registry::Registry};
use tokio::{net::TcpListener, task::JoinSet};

/// Where a daemon is watched, if it is anywhere.
pub(crate) struct Watch(Option<TcpListener>);

impl Watch {
    /// `key` is the one of the configuration that gave `address`; without one nothing listens.
    pub(crate) async fn listen(key: &str, address: Option<SocketAddr>) -> anyhow::Result<Self> {
        Ok(Self(match address {
            Some(address) => Some(listener::bind(key, address).await?),
            None => None,
        }))
    }

    /// Tells what is known of the process and what `register` adds, until what is returned is
    /// dropped.
    pub(crate) fn tell(self, register: impl FnOnce(&mut Registry)) -> JoinSet<()> {
        let mut telling = JoinSet::new();
        if let Self(Some(listener)) = self {
            let mut registry = Registry::default();
            let version = Info::new([("version", antiphon_api::VERSION)]);
            registry.register("antiphon_build", "What runs here", version);
            registry.register_collector(Box::new(process::Process));
            register(&mut registry);
            telling.spawn(listener::serve(listener, registry));
        }
        telling
    }
}
