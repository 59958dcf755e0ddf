use std::{
    io::{ErrorKind, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value;
use tungstenite::{
    ClientRequestBuilder, Error, HandshakeError, Message, WebSocket,
    http::{HeaderMap, Uri},
};

use crate::{PATIENCE, now};

/// A tab: a WebSocket that knows the protocol's page.
pub struct Tab {
    socket: WebSocket<TcpStream>,
    /// Whether pings are answered; a test may turn it off.
    pub answers_pings: bool,
    /// The headers of the upgrade's answer.
    pub headers: HeaderMap,
}

/// Whether a frame is an event of the log.
#[must_use]
pub fn is_logged(frame: &Value) -> bool {
    frame["type"]
        .as_str()
        .is_some_and(|kind| kind.contains('.'))
        && frame["pos"].is_i64()
}

/// An upgrade that was answered otherwise.
#[derive(Debug)]
pub struct Refused {
    pub status: u16,
    pub headers: Box<HeaderMap>,
    pub body: String,
}

/// The end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed {
    /// With the close frame's code.
    With(u16),
    /// With a close frame that has no code.
    WithNothing,
    /// Without one.
    Lost,
}

impl Tab {
    /// Connects to `ws://ADDRESS/PATH`. Panics if there is nobody; see
    /// [`try_connect`](Self::try_connect).
    pub fn connect(address: &str, path: &str, headers: &[(&str, &str)]) -> Result<Self, Refused> {
        Self::try_connect(address, path, headers).expect("the gateway answers")
    }

    /// `Err` when there is nobody or the connection breaks.
    pub fn try_connect(
        address: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> std::io::Result<Result<Self, Refused>> {
        let uri: Uri = format!("ws://{address}{path}")
            .parse()
            .expect("a good address");
        let mut request = ClientRequestBuilder::new(uri);
        for (name, value) in headers {
            request = request.with_header(*name, *value);
        }
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        match tungstenite::client(request, stream) {
            Ok((socket, response)) => Ok(Ok(Self {
                socket,
                answers_pings: true,
                headers: response.headers().clone(),
            })),
            Err(HandshakeError::Failure(Error::Http(response))) => Ok(Err(Refused {
                status: response.status().as_u16(),
                headers: Box::new(response.headers().clone()),
                body: String::from_utf8_lossy(response.body().as_deref().unwrap_or_default())
                    .into_owned(),
            })),
            Err(error) => Err(std::io::Error::other(error.to_string())),
        }
    }

    /// The next frame, or how the connection ended; panics after [`PATIENCE`].
    pub fn frame(&mut self) -> Result<Value, Closed> {
        self.frame_within(PATIENCE).expect("a frame or an end")
    }

    /// As [`frame`](Self::frame), but `None` when nothing comes within `wait`.
    pub fn frame_within(&mut self, wait: Duration) -> Option<Result<Value, Closed>> {
        let until = now() + wait;
        loop {
            let left = until
                .saturating_duration_since(now())
                .max(Duration::from_millis(1));
            if self.socket.get_ref().set_read_timeout(Some(left)).is_err() {
                return Some(Err(Closed::Lost));
            }
            match self.socket.read() {
                Ok(Message::Text(text)) => {
                    let frame: Value = serde_json::from_str(&text).expect("a frame is JSON");
                    if frame["type"] == "ping" && self.answers_pings {
                        self.send(&serde_json::json!({ "type": "pong" }));
                    }
                    return Some(Ok(frame));
                }
                Ok(Message::Close(frame)) => {
                    let code = frame.map(|frame| u16::from(frame.code));
                    // Let the answer to the close go out.
                    let _ = self.socket.flush();
                    return Some(Err(code.map_or(Closed::WithNothing, Closed::With)));
                }
                Ok(_) => {}
                Err(Error::Io(error))
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    if now() >= until {
                        return None;
                    }
                }
                Err(_) => return Some(Err(Closed::Lost)),
            }
        }
    }

    /// The next frame of this type; others are dropped on the way.
    pub fn until(&mut self, kind: &str) -> Value {
        loop {
            let frame = self
                .frame()
                .unwrap_or_else(|end| panic!("{end:?} before a {kind}"));
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// The next event of the log; what has no position is dropped on the way.
    pub fn event(&mut self) -> Value {
        loop {
            let frame = self
                .frame()
                .unwrap_or_else(|end| panic!("{end:?} before an event"));
            if is_logged(&frame) {
                return frame;
            }
        }
    }

    /// Everything up to and including the next frame of this type.
    pub fn through(&mut self, kind: &str) -> Vec<Value> {
        let mut frames = Vec::new();
        loop {
            let frame = self
                .frame()
                .unwrap_or_else(|end| panic!("{end:?} before a {kind}"));
            let last = frame["type"] == kind;
            frames.push(frame);
            if last {
                return frames;
            }
        }
    }

    /// How the connection ends; frames are dropped on the way.
    pub fn end(&mut self) -> Closed {
        loop {
            if let Err(end) = self.frame() {
                return end;
            }
        }
    }

    /// Sends a frame. What cannot be sent shows at the next read.
    pub fn send(&mut self, frame: &Value) {
        self.send_text(&frame.to_string());
    }

    pub fn send_text(&mut self, text: &str) {
        let _ = self.socket.send(Message::text(text));
    }

    pub fn send_message(&mut self, message: Message) {
        let _ = self.socket.send(message);
    }

    /// Writes bytes past the WebSocket's own framing; see [`masked`](Self::masked).
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        let _ = self.socket.get_mut().write_all(bytes);
    }

    /// A client's frame: `first` has the fin bit and the opcode. The mask is zero, so the payload
    /// stands in it as it is.
    pub fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![first];
        match u16::try_from(payload.len()) {
            Ok(length @ 0..=125) => frame.push(0x80 | length.to_be_bytes()[1]),
            Ok(length) => {
                frame.push(0x80 | 126);
                frame.extend(length.to_be_bytes());
            }
            Err(_) => {
                frame.push(0x80 | 127);
                frame.extend((payload.len() as u64).to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(payload);
        frame
    }

    /// Begins the closing handshake, as a tab does that is closed.
    pub fn close(&mut self) {
        let _ = self.socket.close(None);
    }

    /// Calls a method over this connection and waits for its answer; events are dropped.
    pub fn call(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        self.send(&serde_json::json!({
            "jsonrpc": "2.0", "id": "call", "method": method, "params": params,
        }));
        loop {
            let mut frame = self.frame().expect("an answer");
            if frame["id"] == "call" {
                return if frame["error"].is_null() {
                    Ok(frame["result"].take())
                } else {
                    Err(frame["error"].take())
                };
            }
        }
    }
}
