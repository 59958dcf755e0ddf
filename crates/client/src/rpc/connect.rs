//! Connections: to a Unix socket or over TCP, pooled by hyper-util.

use std::{
    future::Future,
    io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Uri, uri::Scheme};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Builder, Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use tokio::net::UnixStream;

use super::{BadUrl, CONNECT_TIMEOUT, IDLE_TIMEOUT, MAX_IDLE_CONNECTIONS, TransportError};

#[derive(Clone)]
pub(super) enum Pool {
    Unix(Client<UnixConnector, Full<Bytes>>),
    Tcp(Client<HttpConnector, Full<Bytes>>),
}

impl Pool {
    pub(super) fn unix(path: PathBuf) -> Self {
        Self::Unix(pool().build(UnixConnector(path.into())))
    }

    pub(super) fn tcp() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        connector.set_nodelay(true);
        Self::Tcp(pool().build(connector))
    }

    pub(super) async fn request(
        &self,
        request: http::Request<Full<Bytes>>,
    ) -> Result<http::Response<Incoming>, TransportError> {
        match self {
            Self::Unix(client) => client.request(request),
            Self::Tcp(client) => client.request(request),
        }
        .await
        .map_err(TransportError::of_pool)
    }
}

fn pool() -> Builder {
    let mut builder = Client::builder(TokioExecutor::new());
    builder
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(MAX_IDLE_CONNECTIONS);
    builder
}

/// Connects to one path whatever the request's address is.
#[derive(Clone)]
pub(super) struct UnixConnector(Arc<Path>);

impl tower_service::Service<Uri> for UnixConnector {
    type Response = TokioIo<UnixStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let path = Arc::clone(&self.0);
        Box::pin(async move {
            let connecting = UnixStream::connect(path);
            let stream = tokio::time::timeout(CONNECT_TIMEOUT, connecting)
                .await
                .unwrap_or_else(|elapsed| Err(elapsed.into()))?;
            Ok(TokioIo::new(stream))
        })
    }
}

/// Where calls to `url` go.
pub(super) fn endpoint(url: &str) -> Result<Uri, BadUrl> {
    let uri: Uri = url.parse().map_err(|_| BadUrl::Malformed)?;
    let authority = uri.authority().ok_or(BadUrl::Malformed)?;
    let scheme = uri.scheme().ok_or(BadUrl::Malformed)?;
    if *scheme != Scheme::HTTP {
        return Err(BadUrl::Scheme);
    }
    if !matches!(uri.path(), "" | "/" | "/rpc") || uri.query().is_some() {
        return Err(BadUrl::Path);
    }
    Uri::builder()
        .scheme(Scheme::HTTP)
        .authority(authority.clone())
        .path_and_query("/rpc")
        .build()
        .map_err(|_| BadUrl::Malformed)
}
