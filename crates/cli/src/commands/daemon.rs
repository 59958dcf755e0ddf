//! What the daemons share: whom they believe, and how they are configured.

use std::net::SocketAddr;

use antiphon_gateway::Origins;
use antiphon_server::Livekit;
use antiphon_token::{Key, Verifier, livekit::ApiKey};
use anyhow::{Context, anyhow};

use crate::{
    args::{Authority, Edge, Livekit as LivekitArgs, Trust},
    exit::Misconfigured,
};

/// The key that signs tokens; in development one is made unless given.
pub(super) fn key(trust: &Trust) -> anyhow::Result<Key> {
    match &trust.signing_key {
        Some(path) => Key::read(path).map_err(|error| Misconfigured(error.into()).into()),
        None if trust.dev => Key::random().context("cannot make a key for development"),
        None => Err(Misconfigured(anyhow!(
            "no signing key: give one with --signing-key FILE (make it with: openssl rand -base64 \
             48), or try things out with --dev"
        ))
        .into()),
    }
}

fn verifier(trust: &Trust, key: &Key) -> Verifier {
    if trust.dev {
        Verifier::dev(key)
    } else {
        Verifier::new(key)
    }
}

pub(super) fn server_config(
    data: &std::path::Path,
    authority: Authority,
    trust: &Trust,
    key: &Key,
) -> anyhow::Result<antiphon_server::Config> {
    let mut config = antiphon_server::Config::new(data.to_owned(), verifier(trust, key));
    config.dev = trust.dev;
    config.provision_unknown = authority.provision_unknown;
    for (class, rate) in authority.rate_limit {
        config.limits.set(class, rate);
    }
    config.livekit = livekit(authority.livekit)?;
    Ok(config)
}

/// The LiveKit server that was given, if one was.
fn livekit(args: LivekitArgs) -> anyhow::Result<Option<Livekit>> {
    let LivekitArgs {
        livekit_url: url,
        livekit_key: key,
        livekit_secret_file: secret,
    } = args;
    let (url, key, path) = match (url, key, secret) {
        (None, None, None) => return Ok(None),
        (Some(url), Some(key), Some(path)) => (url, key, path),
        (url, key, path) => {
            let missing = [
                ("--livekit-url", url.is_none()),
                ("--livekit-key", key.is_none()),
                ("--livekit-secret-file", path.is_none()),
            ];
            let missing = missing.iter().filter(|(_, missing)| *missing);
            let missing: Vec<&str> = missing.map(|(flag, _)| *flag).collect();
            let missing = missing.join(" and ");
            let message = anyhow!("LiveKit needs {missing} too; give all three flags or none");
            return Err(Misconfigured(message).into());
        }
    };
    let secret = std::fs::read(&path)
        .with_context(|| format!("cannot read the secret of LiveKit {}", path.display()))
        .map_err(Misconfigured)?;
    let secret = secret.trim_ascii();
    if secret.is_empty() || key.trim().is_empty() {
        let message = anyhow!("the name of LiveKit's key and its secret must not be empty");
        return Err(Misconfigured(message).into());
    }
    let livekit = Livekit::new(&url, ApiKey::new(key, secret));
    Ok(Some(livekit.map_err(|error| Misconfigured(error.into()))?))
}

pub(super) fn refuse_open_dev(dev: bool, address: Option<SocketAddr>) -> anyhow::Result<()> {
    match address {
        Some(address) if dev && !address.ip().is_loopback() => Err(Misconfigured(anyhow!(
            "--dev accepts anybody as anybody, so it needs a loopback address, not {address}"
        ))
        .into()),
        _ => Ok(()),
    }
}

pub(super) fn gateway_config(
    server: std::path::PathBuf,
    edge: Edge,
    trust: &Trust,
    key: &Key,
) -> anyhow::Result<antiphon_gateway::Config> {
    refuse_open_dev(trust.dev, Some(edge.listen))?;
    let mut config = antiphon_gateway::Config::new(server, edge.listen, verifier(trust, key));
    config.dev = trust.dev;
    config.origins =
        Origins::new(edge.allow_origin).map_err(|error| Misconfigured(error.into()))?;
    config.drain_window = edge.drain_window;
    Ok(config)
}
