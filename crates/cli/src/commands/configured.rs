//! From the command line, the environment and a file to what the daemons are started with.

use std::{net::SocketAddr, num::NonZeroU32, path::Path};

use antiphon_api::Class;
use antiphon_config::{Config, Flag, Limits, Livekit as LivekitKeys, Loaded, Place, Tokens, load};
use antiphon_gateway::{Caps, Origins, Proxies};
use antiphon_server::{Livekit, Rate, Retention};
use antiphon_token::{Key, Names, Signer, Verifier, livekit::ApiKey};
use anyhow::{Context, anyhow};

use super::group::number_of;
use crate::{
    args::{Authority, Configuration, Edge, Trust},
    exit::{Misconfigured, Misused},
    logging::filter,
};

/// Lays file, environment and flags over each other. `short` are flags that name keys of their own.
pub(super) fn loaded(
    configuration: &Configuration,
    short: impl IntoIterator<Item = Flag>,
) -> anyhow::Result<Loaded> {
    let set = configuration.set.iter();
    let set = set.map(|(key, value)| ("--set".to_owned(), key.clone(), value.clone()));
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let loaded = load(configuration.config.as_deref(), variables, set.chain(short));
    loaded.map_err(|problems| {
        let of_flags = |problem: &antiphon_config::Problem| matches!(problem.place, Place::Flag(_));
        let all_of_flags = problems.iter().all(of_flags);
        let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
        let message = lines.join("\n");
        if all_of_flags {
            Misused(message).into()
        } else {
            Misconfigured(anyhow!(message)).into()
        }
    })
}

impl Authority {
    pub(super) fn flags(&self) -> impl Iterator<Item = Flag> {
        flag("--data", "server.data", self.data.as_deref())
    }
}

impl Edge {
    pub(super) fn flags(&self) -> impl Iterator<Item = Flag> {
        let origins = self.allow_origin.join(",");
        let origins = Some(origins).filter(|origins| !origins.is_empty());
        flag("--listen", "gateway.listen", self.listen.as_deref())
            .chain(flag(
                "--allow-origin",
                "gateway.allowed_origins",
                origins.as_deref(),
            ))
            .chain(flag(
                "--drain-window",
                "gateway.drain_window",
                self.drain_window.as_deref(),
            ))
    }
}

impl Trust {
    pub(super) fn flags(&self) -> impl Iterator<Item = Flag> {
        flag("--dev", "tokens.dev", self.dev.then_some("true"))
            .chain(signing_key(self.signing_key.as_deref()))
    }
}

pub(super) fn signing_key(path: Option<&str>) -> impl Iterator<Item = Flag> + use<> {
    flag("--signing-key", "tokens.signing_key", path)
}

/// A flag that was given.
pub(super) fn flag(
    name: &str,
    key: &str,
    value: Option<&str>,
) -> impl Iterator<Item = Flag> + use<> {
    let flag = value.map(|value| (name.to_owned(), key.to_owned(), value.to_owned()));
    flag.into_iter()
}

/// Whom an instance believes, and what it signs with.
pub(super) struct Trusted {
    pub(super) verifier: Verifier,
    pub(super) signer: Signer,
}

/// The keys of an instance; in development one is made unless given.
pub(super) fn trusted(tokens: &Tokens) -> anyhow::Result<Trusted> {
    let key = match &tokens.signing_key {
        Some(path) => read(path)?,
        None if tokens.dev => Key::random().context("cannot make a key for development")?,
        None => {
            return Err(Misconfigured(anyhow!(
                "no signing key: name the file with one as tokens.signing_key or with \
                 --signing-key FILE (make it with: openssl rand -base64 48), or try things out \
                 with --dev"
            ))
            .into());
        }
    };
    let others = tokens.verifying_keys.iter().map(|path| read(path));
    let others = others.collect::<Result<Vec<_>, _>>()?;
    let names = Names {
        issuer: tokens.issuer.clone(),
        audience: tokens.audience.clone(),
    };
    let verifier = Verifier::new([&key].into_iter().chain(&others), &names);
    Ok(Trusted {
        verifier: if tokens.dev { verifier.dev() } else { verifier },
        signer: Signer::new(key, names),
    })
}

/// Everything that is wrong with what was loaded, as the daemons would find it.
pub(super) fn wrong(config: &Config) -> Vec<anyhow::Error> {
    let trusted = match trusted(&config.tokens) {
        Ok(trusted) => trusted,
        Err(error) => return vec![error],
    };
    let found = [
        filter(&config.log).map(drop),
        server(config, &trusted).map(drop),
        gateway(config, &trusted).map(drop),
    ];
    found.into_iter().filter_map(Result::err).collect()
}

fn read(path: &Path) -> anyhow::Result<Key> {
    Key::read(path).map_err(|error| Misconfigured(error.into()).into())
}

/// What a server is started with. It signs only if the key is one that others know.
pub(super) fn server(
    config: &Config,
    trusted: &Trusted,
) -> anyhow::Result<antiphon_server::Config> {
    let given = &config.server;
    refuse_open_dev(&config.tokens, given.rpc_listen)?;
    let mut server = antiphon_server::Config::new(given.data.clone(), trusted.verifier.clone());
    server.dev = config.tokens.dev;
    server.rpc_listen = given.rpc_listen;
    server.signer = Some(trusted.signer.clone());
    server.provision_unknown = given.provision_unknown;
    server.retention = Retention {
        age: given.retention.age.get(),
        rows: given.retention.events.get(),
    };
    for (class, limits) in [
        (Class::Read, &given.rates.read),
        (Class::Write, &given.rates.write),
        (Class::Heavy, &given.rates.heavy),
        (Class::Signal, &given.rates.signal),
    ] {
        server.limits.set(class, rate(limits));
    }
    server.event_bytes = size(given.event_bytes.get());
    server.livekit = livekit(&given.livekit)?;
    let group = given.socket_group.as_deref().map(number_of);
    server.socket_group = group.transpose()?;
    Ok(server)
}

fn rate(limits: &Limits) -> Rate {
    Rate::new(
        above_zero(limits.per_second.get()),
        above_zero(limits.burst.get()),
    )
}

/// A number whose bounds are known to be those of the type.
fn above_zero(number: u64) -> NonZeroU32 {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}

fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The LiveKit server that was given, if one was.
fn livekit(keys: &LivekitKeys) -> anyhow::Result<Option<Livekit>> {
    let (url, key, path) = match (&keys.url, &keys.key, &keys.secret_file) {
        (None, None, None) => return Ok(None),
        (Some(url), Some(key), Some(path)) => (url, key, path),
        (url, key, path) => {
            let missing = [
                ("server.livekit.url", url.is_none()),
                ("server.livekit.key", key.is_none()),
                ("server.livekit.secret_file", path.is_none()),
            ];
            let missing = missing.iter().filter(|(_, missing)| *missing);
            let missing: Vec<&str> = missing.map(|(key, _)| *key).collect();
            let missing = missing.join(" and ");
            let message = anyhow!("LiveKit needs {missing} too; give all three keys or none");
            return Err(Misconfigured(message).into());
        }
    };
    let secret = std::fs::read(path)
        .with_context(|| format!("cannot read the secret of LiveKit {}", path.display()))
        .map_err(Misconfigured)?;
    let secret = secret.trim_ascii();
    if secret.is_empty() || key.trim().is_empty() {
        let message = anyhow!("the name of LiveKit's key and its secret must not be empty");
        return Err(Misconfigured(message).into());
    }
    let livekit = Livekit::new(url, ApiKey::new(key.clone(), secret));
    Ok(Some(livekit.map_err(|error| Misconfigured(error.into()))?))
}

fn refuse_open_dev(tokens: &Tokens, address: Option<SocketAddr>) -> anyhow::Result<()> {
    match address {
        Some(address) if tokens.dev && !address.ip().is_loopback() => Err(Misconfigured(anyhow!(
            "--dev accepts anybody as anybody, so it needs a loopback address, not {address}"
        ))
        .into()),
        _ => Ok(()),
    }
}

/// What a gateway is started with.
pub(super) fn gateway(
    config: &Config,
    trusted: &Trusted,
) -> anyhow::Result<antiphon_gateway::Config> {
    let given = &config.gateway;
    refuse_open_dev(&config.tokens, Some(given.listen))?;
    let verifier = trusted.verifier.clone();
    let mut gateway = antiphon_gateway::Config::new(given.server.clone(), given.listen, verifier);
    gateway.dev = config.tokens.dev;
    gateway.origins =
        Origins::new(given.allowed_origins.clone()).map_err(|error| Misconfigured(error.into()))?;
    gateway.proxies =
        Proxies::new(&given.trusted_proxies).map_err(|error| Misconfigured(error.into()))?;
    gateway.drain_window = given.drain_window.get();
    gateway.canary_interval = given.canary_interval.get();
    gateway.canary_late = given.canary_late.get();
    gateway.caps = Caps {
        connections: size(given.caps.connections.get()),
        connections_per_address: size(given.caps.connections_per_address.get()),
        frame_bytes: size(given.caps.frame_bytes.get()),
        handshakes_per_second: above_zero(given.caps.handshakes_per_second.get()),
        tabs_per_user: size(given.caps.tabs_per_user.get()),
    };
    gateway.ring_bytes_of_all = size(given.rings.bytes_of_all.get());
    gateway.session = session(&config.gateway, gateway.session);
    Ok(gateway)
}

fn session(
    given: &antiphon_config::Gateway,
    default: antiphon_gateway::SessionConfig,
) -> antiphon_gateway::SessionConfig {
    antiphon_gateway::SessionConfig {
        ring_events: size(given.rings.events.get()),
        ring_bytes: size(given.rings.bytes.get()),
        linger: given.linger.get(),
        ping_interval: given.heartbeat.ping_interval.get(),
        pong_timeout: given.heartbeat.pong_timeout.get(),
        stall_timeout: given.heartbeat.stall_timeout.get(),
        calls_in_flight: size(given.caps.calls_in_flight.get()),
        answer_bytes: size(given.caps.answer_bytes.get()),
        ephemeral_keys: size(given.caps.ephemeral_frames.get()),
        frame_rate_per_s: given.caps.frames_per_second.get() as f64,
        frame_burst: above_zero(given.caps.frame_burst.get()).get(),
        bad_frames_per_minute: size(given.caps.bad_frames_per_minute.get()),
        ..default
    }
}

#[cfg(test)]
mod tests {
    use antiphon_config::Config;

    use super::{gateway, server, trusted};

    #[test]
    fn the_defaults_are_those_of_the_daemons_themselves() {
        let mut config = Config::default();
        config.tokens.dev = true;
        let trusted = trusted(&config.tokens).expect("a key");
        let (of_gateway, of_server) = (
            gateway(&config, &trusted).expect("is right"),
            server(&config, &trusted).expect("is right"),
        );
        let verifier = || trusted.verifier.clone();
        let usual = antiphon_gateway::Config::new(
            config.gateway.server.clone(),
            config.gateway.listen,
            verifier(),
        );
        assert_eq!(of_gateway.caps, usual.caps);
        assert_eq!(of_gateway.session, usual.session);
        assert_eq!(of_gateway.ring_bytes_of_all, usual.ring_bytes_of_all);
        assert_eq!(of_gateway.drain_window, usual.drain_window);
        assert_eq!(of_gateway.canary_interval, usual.canary_interval);
        assert_eq!(of_gateway.canary_late, usual.canary_late);
        let usual = antiphon_server::Config::new(config.server.data, verifier());
        assert_eq!(of_server.limits, usual.limits);
        assert_eq!(of_server.retention, usual.retention);
        assert_eq!(of_server.event_bytes, usual.event_bytes);
        assert_eq!(of_server.provision_unknown, usual.provision_unknown);
    }
}
