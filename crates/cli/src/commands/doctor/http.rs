use std::time::Duration;

use anyhow::{Context, anyhow};
use http::{Request, StatusCode, Uri, header, uri::Authority};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// The longest answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 64 << 10;

pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

/// What `base`, as `http://host:port`, answers to a GET of `path`.
pub(super) async fn get(base: &str, path: &str, patience: Duration) -> anyhow::Result<Answer> {
    tokio::time::timeout(patience, exchange(base, path))
        .await
        .unwrap_or_else(|_| Err(anyhow!("no answer within {} s", patience.as_secs())))
}

/// What to ask for, and what to connect to.
pub(super) fn place(base: &Uri) -> anyhow::Result<(&Authority, &str, u16)> {
    let authority = base.authority().context("expected http://host:port")?;
    let host = authority.host().trim_matches(['[', ']']);
    Ok((authority, host, authority.port_u16().unwrap_or(80)))
}

async fn exchange(base: &str, path: &str) -> anyhow::Result<Answer> {
    let uri: Uri = base.parse().context("expected http://host:port")?;
    let (authority, host, port) = place(&uri)?;
    let stream = TcpStream::connect((host, port)).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get(path)
        .header(header::HOST, authority.as_str())
        .body(Empty::<Bytes>::new())?;
    let asking = async {
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect();
        let body = body.await.map_err(|error| anyhow!(error))?.to_bytes();
        Ok(Answer { status, body })
    };
    tokio::pin!(asking);
    tokio::select! {
        answer = &mut asking => answer,
        ended = connection => {
            ended?;
            asking.await
        }
    }
}
