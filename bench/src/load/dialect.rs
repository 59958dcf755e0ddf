//! How a client of each system asks for its stream, and what of it is an event.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use super::frame;

/// How a stream of frames alone says that the client is served.
pub(crate) const LIVE: &[u8] = b"{\"type\":\"live\"}";

/// What the connections of a load speak.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Dialect {
    /// Tabs of the users `first_user`, `first_user + 1` and so on, each resuming behind `pos`.
    Antiphon { first_user: u64, pos: Option<i64> },
    /// Socket.IO 4 over a WebSocket (Engine.IO protocol 4).
    SocketIo,
    /// WebSocket frames from the first byte on, without a handshake; the first is [`LIVE`].
    Frames,
}

/// What a text frame is to its client.
pub(crate) enum Meaning {
    /// The stream begins: from here on events are counted.
    Ready,
    /// The client has to say this, in a frame.
    Answer(&'static str),
    Event,
    Nothing,
}

impl Dialect {
    /// The upgrade request of client number `index`; `None` if there is none.
    pub(crate) fn request(&self, index: u64, address: &str) -> Option<String> {
        let key = STANDARD.encode(u128::from(index).to_be_bytes());
        let (target, extra) = match self {
            Self::Antiphon { first_user, pos } => {
                let query = pos.map(|pos| format!("?pos={pos}")).unwrap_or_default();
                let user = first_user + index;
                (
                    format!("/ws/user/me{query}"),
                    format!("Authorization: Bearer dev:{user}\r\n"),
                )
            }
            Self::SocketIo => (
                "/socket.io/?EIO=4&transport=websocket".to_owned(),
                String::new(),
            ),
            Self::Frames => return None,
        };
        Some(format!(
            "GET {target} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{extra}\r\n"
        ))
    }

    pub(crate) fn meaning(&self, text: &[u8]) -> Meaning {
        match self {
            Self::Antiphon { .. } if text.starts_with(b"{\"seq\":") => Meaning::Event,
            Self::Antiphon { .. } if text.starts_with(b"{\"pos\":") => Meaning::Event,
            Self::Antiphon { .. } if text.starts_with(b"{\"type\":\"live\"") => Meaning::Ready,
            Self::Antiphon { .. } if text.starts_with(b"{\"type\":\"ping\"") => {
                Meaning::Answer("{\"type\":\"pong\"}")
            }
            Self::SocketIo => match text {
                [b'0', ..] => Meaning::Answer("40"),
                [b'2', ..] => Meaning::Answer("3"),
                [b'4', b'0', ..] => Meaning::Ready,
                [b'4', b'2', ..] => Meaning::Event,
                _ => Meaning::Nothing,
            },
            Self::Frames if text == LIVE => Meaning::Ready,
            Self::Frames => Meaning::Event,
            Self::Antiphon { .. } => Meaning::Nothing,
        }
    }
}

/// A client's frame with this text.
pub(crate) fn answer(text: &str) -> Vec<u8> {
    frame::masked(text.as_bytes())
}
