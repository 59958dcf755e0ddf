//! Whether server and gateway answer, and what they say of themselves.

use std::{io, os::unix::fs::MetadataExt, path::Path, time::Duration};

use antiphon_api::{VERSION, method::NoParams, methods::server::Health};
use antiphon_client::Rpc;
use antiphon_server::RPC_SOCKET;
use http::StatusCode;
use serde::Deserialize;
use tokio::net::UnixStream;

use super::{
    Places,
    files::causes,
    http::{Answer, get},
    report::Report,
};

/// How long each part may take to answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Whether the server answers.
pub(super) async fn server(places: &Places, report: &mut Report) {
    let path = places.run.join(RPC_SOCKET);
    if let Err(error) = socket(&path, report).await {
        let remedy = if error.kind() == io::ErrorKind::PermissionDenied {
            "look as the server's user, as root, or as one of the socket's group"
        } else {
            "the server is down: start it, or name its folder with --data, or that of its sockets \
             with gateway.server"
        };
        return report.fail("rpc.sock", format!("{}: {error}", path.display()), remedy);
    }
    health(&path, report).await;
}

async fn socket(path: &Path, report: &mut Report) -> io::Result<()> {
    let metadata = std::fs::metadata(path)?;
    let peer = UnixStream::connect(path).await?.peer_cred()?;
    let process = peer.pid();
    let found = format!(
        "{}, mode {:03o}, uid {}, gid {}; opened by process {}",
        path.display(),
        metadata.mode() & 0o777,
        metadata.uid(),
        metadata.gid(),
        process.map_or_else(|| "unknown".to_owned(), |process| process.to_string()),
    );
    report.ok("rpc.sock", found);
    Ok(())
}

async fn health(path: &Path, report: &mut Report) {
    let rpc = Rpc::unix(path).with_timeout(PATIENCE);
    match rpc.call::<Health>(&NoParams {}).await {
        Ok(health) if health.version == VERSION => {
            let found = format!("{}, at position {}", health.version, health.head);
            report.ok("server", found);
        }
        Ok(health) => report.warn(
            "server",
            format!("it is {}, this program {VERSION}", health.version),
            "restart the server after an upgrade, or look with its own program",
        ),
        Err(error) => report.fail(
            "server",
            causes(&error),
            "it is there but does not answer: read its log, and restart it",
        ),
    }
}

/// What `/readyz` answers.
#[derive(Deserialize)]
struct Readiness {
    reasons: Vec<String>,
}

/// Whether the gateway answers at all.
pub(super) async fn gateway(places: &Places, report: &mut Report) -> bool {
    match get(&places.gateway, "/healthz", PATIENCE).await {
        Ok(answer) if answer.status == StatusCode::OK => {
            report.ok("gateway", format!("{} answers", places.gateway));
        }
        Ok(answer) => report.fail(
            "gateway",
            format!("{}/healthz answers {}", places.gateway, answer.status),
            "is it an Antiphon's gateway? Name its own address with --gateway",
        ),
        Err(error) => {
            report.fail(
                "gateway",
                format!("{}: {error:#}", places.gateway),
                "the gateway is down: start it, or name its address with --gateway",
            );
            return false;
        }
    }
    match get(&places.gateway, "/readyz", PATIENCE).await {
        Ok(answer) => ready(&answer, report),
        Err(error) => report.fail("ready", format!("{error:#}"), "ask again"),
    }
    true
}

fn ready(answer: &Answer, report: &mut Report) {
    if answer.status == StatusCode::OK {
        return report.ok("ready", "linked to its server");
    }
    let reasons = serde_json::from_slice::<Readiness>(&answer.body);
    let reasons = reasons.map_or_else(|_| Vec::new(), |readiness| readiness.reasons);
    let remedies: Vec<_> = reasons.iter().map(|reason| remedy(reason)).collect();
    let found = format!("{}: {}", answer.status, reasons.join(", "));
    report.fail("ready", found, remedies.join("\n"));
}

fn remedy(reason: &str) -> &'static str {
    match reason {
        "link_down" => "it has no link to its server: is that up, and gateway.server its folder?",
        "canary_late" => "what is committed does not arrive in time: see probe below, and the log",
        "draining" => "it is stopping: wait for its next start",
        _ => "read its log",
    }
}
