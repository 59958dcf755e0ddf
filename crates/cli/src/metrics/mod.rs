//! What a daemon tells whoever watches it, on a listener of its own: no client is meant, so that none
//! can reach it. Gateway and server each register what they count; what is known of the process is
//! the same for both. A gateway tells the same to whoever asks it from its own machine.

mod listener;
mod process;

use std::{net::SocketAddr, sync::Arc};

use antiphon_gateway::Running;
use prometheus_client::{encoding::text::encode, metrics::info::Info, registry::Registry};
use tokio::{net::TcpListener, task::JoinSet};

/// The media type of a page.
pub(crate) const KIND: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All that one daemon tells. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Page(Arc<Registry>);

impl Page {
    /// What is known of the process and what `register` adds.
    pub(crate) fn of(register: impl FnOnce(&mut Registry)) -> Self {
        let mut registry = Registry::default();
        let version = Info::new([("version", antiphon_api::VERSION)]);
        registry.register("antiphon_build", "What runs here", version);
        registry.register_collector(Box::new(process::Process::beginning()));
        register(&mut registry);
        Self(Arc::new(registry))
    }

    /// How it stands. It may wait for the database, which the server's numbers are read from.
    pub(crate) fn text(&self) -> Option<String> {
        let mut text = String::new();
        let encoded = encode(&mut text, &self.0);
        encoded
            .inspect_err(|_| tracing::error!("the metrics cannot be encoded"))
            .ok()?;
        Some(text)
    }
}

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

    /// Tells `page` until what is returned is dropped.
    pub(crate) fn tell(self, page: Page) -> JoinSet<()> {
        let mut telling = JoinSet::new();
        if let Self(Some(listener)) = self {
            telling.spawn(listener::serve(listener, page));
        }
        telling
    }

    /// Tells what the gateway counts, there and at its own address.
    pub(crate) fn tell_of(self, gateway: &Running) -> JoinSet<()> {
        let page = Page::of(|registry| gateway.register(registry));
        let own = page.clone();
        gateway.tells(KIND, move || own.text());
        self.tell(page)
    }
}
