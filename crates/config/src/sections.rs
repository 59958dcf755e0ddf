//! Every key. What is documented here is what `docs/configuration.md` and `config init` say.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{Count, Time};

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// The whole configuration. One file serves both daemons: each reads what is its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub gateway: Gateway,
    pub log: Log,
    pub server: Server,
    pub tokens: Tokens,
}

/// The edge: what browsers and other clients connect to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Gateway {
    /// Origins whose pages may connect beside the gateway's own, each as https://example.org.
    pub allowed_origins: Vec<String>,
    /// From one probe of the canary to the next; 0s for no canary. It sends an event from a commit to a tab
    /// of its own, as antiphon doctor does once.
    pub canary_interval: Time<0, { HOUR }>,
    /// How long a probe of the canary may be on its way; then the gateway is not ready.
    pub canary_late: Time<SECOND, { 10 * MINUTE }>,
    pub caps: Caps,
    /// Over how long the tabs leave when the gateway stops, each at a moment of its own.
    pub drain_window: Time<0, { 10 * MINUTE }>,
    pub heartbeat: Heartbeat,
    /// How long a session is kept after its last tab has gone, so that a tab can come back to it.
    pub linger: Time<SECOND, { HOUR }>,
    /// Where clients connect, unless a supervisor passes a socket on which it listens.
    pub listen: SocketAddr,
    /// Where GET /metrics tells how the gateway is, for Prometheus: a loopback address or one of a
    /// private network, as 127.0.0.1:9484, because whoever can connect is told.
    pub metrics_listen: Option<SocketAddr>,
    pub rings: Rings,
    /// The folder with the server's sockets, `run` in its data folder.
    pub server: PathBuf,
    /// Proxies whose `X-Forwarded-For` says where a client is, each an address or a network, as
    /// 10.0.0.0/8.
    pub trusted_proxies: Vec<String>,
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            allowed_origins: Vec::new(),
            canary_interval: Time::of(Duration::ZERO),
            canary_late: Time::of(Duration::from_secs(5)),
            caps: Caps::default(),
            drain_window: Time::of(Duration::from_secs(5)),
            heartbeat: Heartbeat::default(),
            linger: Time::of(Duration::from_secs(120)),
            listen: SocketAddr::from(([127, 0, 0, 1], 8484)),
            metrics_listen: None,
            rings: Rings::default(),
            server: PathBuf::from("./antiphon-data/run"),
            trusted_proxies: Vec::new(),
        }
    }
}

/// What one client, or all of them, may take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Caps {
    /// Bytes of a tab's answers that wait to be sent; one more closes the tab.
    pub answer_bytes: Count<{ 64 * KIB }, { 64 * MIB }>,
    /// Frames of one tab that are not understood within a minute; one more closes it.
    pub bad_frames_per_minute: Count<1, 10_000>,
    /// Calls of one tab that may be unanswered at a time; one more is refused.
    pub calls_in_flight: Count<1, 256>,
    /// Connections at a time, tabs among them; further ones wait to be accepted.
    pub connections: Count<1, 1_000_000>,
    /// Connections at a time from one address, or one /64 of IPv6; further ones are refused with 429.
    /// Behind a proxy that is not trusted all clients have one address.
    pub connections_per_address: Count<1, 1_000_000>,
    /// Ephemeral frames that wait for one tab; over it the one that waited longest is dropped.
    pub ephemeral_frames: Count<1, 4_096>,
    /// Bytes of a frame from a client; a longer one closes the tab.
    pub frame_bytes: Count<1_024, { MIB }>,
    /// Frames that a tab may send at once, above the steady rate.
    pub frame_burst: Count<1, 10_000>,
    /// Frames a second that a tab may send in the long run; over it the tab is closed.
    pub frames_per_second: Count<1, 10_000>,
    /// New tabs a second; further ones are refused with 503 and come back later.
    pub handshakes_per_second: Count<1, 1_000_000>,
    /// Tabs of one user at a time; one more is refused with 503.
    pub tabs_per_user: Count<1, 1_000>,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            answer_bytes: Count::of(MIB),
            bad_frames_per_minute: Count::of(10),
            calls_in_flight: Count::of(16),
            connections: Count::of(16_384),
            connections_per_address: Count::of(16_384),
            ephemeral_frames: Count::of(256),
            frame_bytes: Count::of(64 * KIB),
            frame_burst: Count::of(200),
            frames_per_second: Count::of(10),
            handshakes_per_second: Count::of(5_000),
            tabs_per_user: Count::of(100),
        }
    }
}

/// How a tab that is no longer there is noticed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Heartbeat {
    /// From one ping to the next.
    pub ping_interval: Time<SECOND, { 10 * MINUTE }>,
    /// How long after a ping, or after the last write since, the client may stay silent.
    pub pong_timeout: Time<SECOND, { 10 * MINUTE }>,
    /// How long output may wait without any of it being written.
    pub stall_timeout: Time<SECOND, { 10 * MINUTE }>,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self {
            ping_interval: Time::of(Duration::from_secs(25)),
            pong_timeout: Time::of(Duration::from_secs(10)),
            stall_timeout: Time::of(Duration::from_secs(30)),
        }
    }
}

/// What is kept of each user's events for tabs that come back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Rings {
    /// Bytes of event text in one user's ring; over it the oldest goes, the newest is always kept.
    pub bytes: Count<{ 4 * KIB }, { GIB }>,
    /// Bytes of event text in all rings together; over it a ring that grows gives up its oldest.
    pub bytes_of_all: Count<{ MIB }, { 1024 * GIB }>,
    /// Events in one user's ring; over it the oldest goes.
    pub events: Count<1, 100_000>,
}

impl Default for Rings {
    fn default() -> Self {
        Self {
            bytes: Count::of(MIB),
            bytes_of_all: Count::of(GIB),
            events: Count::of(500),
        }
    }
}

/// What is said about what happens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// auto: text on a terminal, the journal where standard error is one (under systemd), JSON
    /// otherwise. Where the journal cannot be reached it is standard error, with a warning.
    pub format: LogFormat,
    /// What to say: error, warn, info, debug or trace; one crate apart, as info,antiphon_gateway=debug.
    /// No level writes a token, a ticket or a message; for that, other crates are never written below
    /// info, where they print what they carry.
    pub level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Auto,
            level: "info".to_owned(),
        }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Auto,
    Text,
    Json,
    Journald,
}

/// The authority.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// The folder with the database and the sockets; made if it is not there.
    pub data: PathBuf,
    /// Bytes of an event; a change that would make a longer one is refused.
    pub event_bytes: Count<{ 16 * KIB }, { 256 * KIB }>,
    pub livekit: Livekit,
    /// Where GET /metrics tells how the server is, as gateway.metrics_listen: another address, as
    /// 127.0.0.1:9485.
    pub metrics_listen: Option<SocketAddr>,
    /// Make a user for a token whose external id nobody has; otherwise it is refused.
    pub provision_unknown: bool,
    pub rates: Rates,
    pub retention: Retention,
    /// JSON-RPC over TCP too, where a bearer token says who calls.
    pub rpc_listen: Option<SocketAddr>,
    /// The group, by name or number, whose processes may use the sockets beside those of the daemon's
    /// user: who uses rpc.sock is the operator. It must be the group they run with, as with sg(1).
    /// Otherwise the daemon's own group. Sockets that are passed by a supervisor have the group that it
    /// gave them (SocketGroup= of their units), whatever stands here.
    pub socket_group: Option<String>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            data: PathBuf::from("./antiphon-data"),
            event_bytes: Count::of(256 * KIB),
            livekit: Livekit::default(),
            metrics_listen: None,
            provision_unknown: false,
            rates: Rates::default(),
            retention: Retention::default(),
            rpc_listen: None,
            socket_group: None,
        }
    }
}

/// Where those in a huddle talk: all of it or nothing. Without it they are seen and not heard.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Livekit {
    /// The name of an API key of the LiveKit server.
    pub key: Option<String>,
    /// The file with the secret of that key.
    pub secret_file: Option<PathBuf>,
    /// A LiveKit server that clients can reach too, as wss://livekit.example.org.
    pub url: Option<String>,
}

/// How often each user may call the methods of a class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Rates {
    /// Methods that cost much.
    pub heavy: Limits,
    /// Methods that look.
    pub read: Limits,
    /// Methods that say something short-lived, as typing.
    pub signal: Limits,
    /// Methods that change something.
    pub write: Limits,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            heavy: Limits::of(2, 20),
            read: Limits::of(50, 200),
            signal: Limits::of(10, 50),
            write: Limits::of(20, 100),
        }
    }
}

/// A steady rate and what may come at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Calls at once after a pause.
    pub burst: Count<1, 1_000_000>,
    /// Calls a second in the long run.
    pub per_second: Count<1, 1_000_000>,
}

impl Limits {
    fn of(per_second: u64, burst: u64) -> Self {
        Self {
            burst: Count::of(burst),
            per_second: Count::of(per_second),
        }
    }
}

/// How long the log reaches back: what is older than the one or beyond the other goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Age of an event.
    pub age: Time<{ MINUTE }, { 3_650 * DAY }>,
    /// Number of events.
    pub events: Count<1_000, 1_000_000_000>,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            age: Time::of(Duration::from_millis(7 * DAY)),
            events: Count::of(1_000_000),
        }
    }
}

/// Whom to believe. The daemons of one installation agree on all of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tokens {
    /// For whom a token must be, its `aud`.
    pub audience: String,
    /// Development: accept the tokens dev:1, dev:2, …, on loopback addresses only; an empty data
    /// folder begins with a demo workspace.
    pub dev: bool,
    /// From whom a token must be, its `iss`.
    pub issuer: String,
    /// The file with the key that signs tokens and verifies them, at least 32 bytes; needed unless
    /// dev is true.
    pub signing_key: Option<PathBuf>,
    /// Files with keys that verify tokens beside it: the former key while its tokens live, or the
    /// next one before it signs.
    pub verifying_keys: Vec<PathBuf>,
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            audience: "antiphon".to_owned(),
            dev: false,
            issuer: "antiphon".to_owned(),
            signing_key: None,
            verifying_keys: Vec::new(),
        }
    }
}
