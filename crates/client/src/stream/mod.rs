//! A tab: one WebSocket to a gateway, read frame by frame.
//!
//! [`Stream::next`] gives every frame as it comes, raw text included, and by itself does what
//! keeps a connection alive: it answers `ping` with `pong`, and counts a connection as lost on
//! which nothing came for as long as the gateway would wait for a pong. It applies none of the
//! client's rules; [`follow`](crate::follow) does.
//!
//! `next` may be dropped before it is done (as `select!` does) and called again; nothing is lost.

mod error;
mod frame;
mod target;
#[cfg(test)]
mod tests;
use std::time::Duration;

use antiphon_api::frame::{ClientFrame, ServerFrame};
use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::Instant,
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{self, Message, protocol::WebSocketConfig},
};

pub use error::{Closed, ConnectError};
pub use frame::{Content, EventFrame, Frame};
pub use target::{Auth, BadTarget, Target};

/// How long connecting and the upgrade may take together.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the first frame may take.
pub const HELLO_TIMEOUT: Duration = Duration::from_secs(15);
/// The longest silence a gateway can make a client bear.
pub const MAX_SILENCE: Duration = Duration::from_secs(600);
/// The largest frame, in bytes; a larger one ends the connection.
pub const MAX_FRAME_BYTES: usize = 16 << 20;

/// An open tab.
pub struct Stream<S = TcpStream> {
    socket: WebSocketStream<S>,
    /// How long the connection may be silent.
    patience: Duration,
    heard_at: Instant,
    /// Read, but not given out before the pong it asks for is on its way.
    held: Option<Frame>,
    owes_pong: bool,
    unflushed: bool,
}

impl Stream {
    /// Connects over TCP.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub async fn connect(target: &Target) -> Result<Self, ConnectError> {
        let (host, port) = target.address()?;
        let connecting = async {
            let io = TcpStream::connect((host.as_str(), port))
                .await
                .map_err(ConnectError::Connect)?;
            io.set_nodelay(true).map_err(ConnectError::Connect)?;
            Self::over(io, target).await
        };
        tokio::time::timeout(CONNECT_TIMEOUT, connecting)
            .await
            .unwrap_or(Err(ConnectError::TimedOut))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream<S> {
    /// Asks for the upgrade over a connection that exists.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub async fn over(io: S, target: &Target) -> Result<Self, ConnectError> {
        let config = WebSocketConfig::default()
            .max_message_size(Some(MAX_FRAME_BYTES))
            .max_frame_size(Some(MAX_FRAME_BYTES));
        let (socket, _) = client_async_with_config(target.request()?, io, Some(config)).await?;
        Ok(Self {
            socket,
            patience: HELLO_TIMEOUT,
            heard_at: Instant::now(),
            held: None,
            owes_pong: false,
            unflushed: false,
        })
    }

    /// The next frame.
    ///
    /// # Errors
    /// When there is none: see [`Closed`].
    pub async fn next(&mut self) -> Result<Frame, Closed> {
        loop {
            self.settle().await?;
            if let Some(frame) = self.held.take() {
                return Ok(frame);
            }
            let message = self.read().await?;
            self.heard_at = Instant::now();
            match message {
                Message::Text(text) => self.take(Frame::read(text)),
                Message::Close(frame) => return Err(Closed::of_peer(frame)),
                Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn send(&mut self, frame: &ClientFrame) -> Result<(), Closed> {
        self.send_text(encode(frame)?).await
    }

    /// Sends a frame as it is, such as a call.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn send_text(&mut self, text: String) -> Result<(), Closed> {
        Ok(self.socket.send(Message::text(text)).await?)
    }

    /// Says goodbye; what comes after that is the gateway's [`Closed`].
    ///
    /// # Errors
    /// When the connection is gone already.
    pub async fn close(&mut self) -> Result<(), Closed> {
        Ok(self.socket.close(None).await?)
    }

    async fn read(&mut self) -> Result<Message, Closed> {
        match tokio::time::timeout_at(self.heard_at + self.patience, self.socket.next()).await {
            Ok(Some(message)) => Ok(message?),
            Ok(None) => Err(Closed::Lost(tungstenite::Error::ConnectionClosed)),
            Err(_) => Err(Closed::Silent(self.patience)),
        }
    }

    fn take(&mut self, frame: Frame) {
        if let Content::Control(control) = &frame.content {
            match control {
                ServerFrame::Hello {
                    ping_interval_ms,
                    pong_timeout_ms,
                    ..
                } => {
                    let ms = ping_interval_ms.saturating_add(*pong_timeout_ms);
                    self.patience = Duration::from_millis(ms).clamp(HELLO_TIMEOUT, MAX_SILENCE);
                }
                ServerFrame::Ping { .. } => self.owes_pong = true,
                ServerFrame::Live { .. }
                | ServerFrame::GoingAway { .. }
                | ServerFrame::Error { .. }
                | ServerFrame::Closed { .. } => {}
            }
        }
        self.held = Some(frame);
    }

    /// Sends the pong that is owed. Dropped halfway, it goes on where it was.
    async fn settle(&mut self) -> Result<(), Closed> {
        if self.owes_pong {
            let pong = Message::text(encode(&ClientFrame::Pong {})?);
            self.socket.feed(pong).await?;
            self.owes_pong = false;
            self.unflushed = true;
        }
        if self.unflushed {
            self.socket.flush().await?;
            self.unflushed = false;
        }
        Ok(())
    }
}

fn encode(frame: &ClientFrame) -> Result<String, Closed> {
    serde_json::to_string(frame).map_err(|error| Closed::Lost(std::io::Error::from(error).into()))
}
