//! A tab on an event stream (Server-Sent Events).
//!
//! The same frames as `data:`. Log events, `live` and `ping` carry their position as `id:`, which
//! the browser sends back as `Last-Event-ID`. The client cannot talk back: what shows that it is
//! there is that it takes what is written. The end is a last event `closed`.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use antiphon_api::{
    frame::{CloseCode, ServerFrame},
    ids::Pos,
};
use antiphon_session::{Output, Received};
use bytes::Bytes;
use hyper::body::Frame;
use tokio::{sync::mpsc, time::Instant};

use super::{Need, WRITE_BYTES, fetch, inbound};
use crate::{clock, directory::Tab, gateway::Gateway};

/// Runs the tab until either side ends it. Returns what the client reads.
pub(crate) fn start(tab: Tab, gateway: Arc<Gateway>) -> Chunks {
    let (sender, chunks) = mpsc::channel(1);
    let stream = EventStream {
        tab,
        gateway,
        sender,
    };
    tokio::spawn(stream.run());
    Chunks(chunks)
}

struct EventStream {
    tab: Tab,
    gateway: Arc<Gateway>,
    sender: mpsc::Sender<Bytes>,
}

/// What the session has for the stream.
#[derive(Default)]
struct Rendered {
    out: Vec<u8>,
    need: Option<Need>,
    ended: bool,
}

impl EventStream {
    /// Until either side ends it.
    async fn run(self) {
        while let Some(Rendered { out, need, ended }) = self.next().await {
            if !out.is_empty() && !self.write(out).await || ended {
                return;
            }
            if let Some(need) = need {
                let principal = self.tab.key().principal;
                let page = tokio::select! {
                    page = fetch(&self.gateway.replays, principal, need) => page,
                    () = self.sender.closed() => return,
                };
                self.tab.with(|shard, key| shard.handle_log(key, page));
            }
        }
    }

    /// The next output, when there is some; `None` when the client has gone.
    async fn next(&self) -> Option<Rendered> {
        loop {
            let rendered = self.render();
            if !rendered.out.is_empty() || rendered.need.is_some() || rendered.ended {
                return Some(rendered);
            }
            tokio::select! {
                () = self.tab.bell.notified() => {}
                () = self.due() => {}
                () = self.sender.closed() => return None,
            }
        }
    }

    fn render(&self) -> Rendered {
        let mut rendered = Rendered::default();
        self.tab.with(|shard, key| {
            let out = &mut rendered.out;
            let mut outputs = shard.outputs(key);
            while out.len() < WRITE_BYTES
                && let Some(output) = outputs.next()
            {
                match output {
                    Output::Frame { bytes, pos } => event(out, pos, |out| out.extend(bytes)),
                    Output::Ephemeral(bytes) => {
                        event(out, None, |out| out.extend_from_slice(&bytes))
                    }
                    Output::Event { seq, entry } => {
                        event(out, Some(entry.pos()), |out| entry.write(seq, out));
                    }
                    Output::NeedLog { after, through } => {
                        rendered.need = Some(Need { after, through });
                        break;
                    }
                    Output::Close(code) => {
                        closed(out, code);
                        rendered.ended = true;
                        break;
                    }
                }
            }
        });
        rendered
    }

    /// Hands a chunk to the connection, which takes it when the client takes what is before it.
    /// Returns whether it did before the session gave the client up.
    async fn write(&self, chunk: Vec<u8>) -> bool {
        if self.sender.capacity() == 0 {
            self.tab
                .with(|shard, key| shard.handle_blocked(key, clock::now()));
        }
        loop {
            if self.sender.capacity() == 0 && self.tab.with(|shard, key| shard.is_closing(key)) {
                return false;
            }
            tokio::select! {
                permit = self.sender.reserve() => {
                    let Ok(permit) = permit else { return false };
                    permit.send(chunk.into());
                    // There is no pong on an event stream: taking what is written is the answer.
                    self.tab.with(|shard, key| shard.handle_written(key, clock::now()));
                    inbound::receive(&self.tab, Received::Pong);
                    return true;
                }
                () = self.due() => {}
                () = self.tab.bell.notified() => {}
            }
        }
    }

    /// Waits until the session has something to do by itself, and has it done.
    async fn due(&self) {
        match self.tab.with(|shard, key| shard.poll_timeout(key)) {
            Some(due) => tokio::time::sleep_until(Instant::from_std(due)).await,
            None => std::future::pending().await,
        }
        self.tab
            .with(|shard, key| shard.handle_timeout(key, clock::now()));
    }
}

/// Appends one event of the stream. What `write` appends is one line.
fn event(out: &mut Vec<u8>, id: Option<Pos>, write: impl FnOnce(&mut Vec<u8>)) {
    if let Some(id) = id {
        out.extend_from_slice(format!("id: {id}\n").as_bytes());
    }
    out.extend_from_slice(b"data: ");
    write(out);
    out.extend_from_slice(b"\n\n");
}

fn closed(out: &mut Vec<u8>, code: CloseCode) {
    let frame = ServerFrame::Closed { code: code.code() };
    if let Ok(frame) = serde_json::to_vec(&frame) {
        event(out, None, |out| out.extend(frame));
    }
}

/// The stream's chunks as a body.
pub(crate) struct Chunks(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0
            .poll_recv(context)
            .map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk))))
    }
}
