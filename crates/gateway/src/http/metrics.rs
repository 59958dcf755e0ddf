//! What this gateway tells whoever watches it from the machine it runs on.

use std::net::IpAddr;

use http::{HeaderMap, Response, StatusCode};
use tokio::task::spawn_blocking;

use super::respond::{Body, full, not_found};
use crate::{auth::check_loopback_host, gateway::Gateway};

/// What a proxy adds, so that its connections, from this machine or not, are not taken for its own.
const FORWARDED: [&str; 3] = ["forwarded", "x-forwarded-for", "x-real-ip"];

/// Everybody else is told that there is nothing.
pub(super) fn is_for(peer: IpAddr, headers: &HeaderMap) -> bool {
    peer.to_canonical().is_loopback()
        && check_loopback_host(headers).is_ok()
        && !FORWARDED.iter().any(|name| headers.contains_key(*name))
}

/// On a thread that may take its time, as on a listener for metrics. As many at once as one address
/// may have connections.
pub(super) async fn answer(gateway: &Gateway) -> Response<Body> {
    let Some((kind, page)) = gateway.page.get().cloned() else {
        return not_found();
    };
    match spawn_blocking(move || page()).await {
        Ok(Some(text)) => full(StatusCode::OK, kind, text),
        Ok(None) | Err(_) => {
            let message = "the metrics cannot be encoded\n";
            full(
                StatusCode::INTERNAL_SERVER_ERROR,
                "text/plain; charset=utf-8",
                message,
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, header};

    use super::is_for;

    fn told(peer: &str, host: &str, added: Option<&'static str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().expect("a value"));
        if let Some(name) = added {
            headers.insert(
                HeaderName::from_static(name),
                "192.0.2.1".parse().expect("a value"),
            );
        }
        is_for(peer.parse().expect("an address"), &headers)
    }

    #[test]
    fn who_connects_from_this_machine_by_itself_is_told_and_nobody_else() {
        for (peer, host) in [
            ("127.0.0.1", "127.0.0.1:8484"),
            ("127.0.0.1", "localhost:8484"),
            ("::1", "[::1]:8484"),
            ("::ffff:127.0.0.1", "127.0.0.1"),
        ] {
            assert!(told(peer, host, None), "{peer} {host}");
        }
        for peer in ["192.0.2.1", "10.0.0.1", "::ffff:192.0.2.1"] {
            assert!(!told(peer, "localhost", None), "{peer}");
        }
        assert!(
            !told("127.0.0.1", "chat.example", None),
            "a proxy that adds nothing"
        );
        for added in super::FORWARDED {
            assert!(!told("127.0.0.1", "localhost", Some(added)), "{added}");
        }
    }
}
