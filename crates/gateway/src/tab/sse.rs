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
use tracing::Instrument;

use super::{Need, WRITE_BYTES, fetch, inbound};
use crate::{
    clock,
    directory::Tab,
    gateway::Gateway,
    metrics::{End, Load},
};

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
    load: Load,
    need: Option<Need>,
    ended: Option<CloseCode>,
}

impl EventStream {
    async fn run(self) {
        let end = self.serve().await;
        self.gateway.metrics.ended(end);
    }

    /// Until either side ends it.
    async fn serve(&self) -> End {
        loop {
            let Some(rendered) = self.next().await else {
                return End::ByClient;
            };
            let Rendered {
                out,
                load,
                need,
                ended,
            } = rendered;
            if let Some(code) = ended {
                self.ends(code);
            }
            if !out.is_empty() && !self.write(out, &load).await {
                return self.given_up().map_or(End::ByClient, End::of);
            }
            if let Some(code) = ended {
                return End::of(code);
            }
            if let Some(need) = need {
                let principal = self.tab.key().principal;
                let page = fetch(&self.gateway.replays, principal, need);
                let page = tokio::select! {
                    page = page.instrument(self.tab.span()) => page,
                    () = self.sender.closed() => return End::ByClient,
                };
                self.tab.with(|shard, key| shard.handle_log(key, page));
            }
        }
    }

    /// The next output, when there is some; `None` when the client has gone.
    async fn next(&self) -> Option<Rendered> {
        loop {
            let rendered = self.render();
            if !rendered.out.is_empty() || rendered.need.is_some() || rendered.ended.is_some() {
                return Some(rendered);
            }
            tokio::select! {
                () = self.tab.bell.rung() => {}
                () = self.due() => {}
                () = self.sender.closed() => {
                    let span = self.tab.span();
                    span.in_scope(|| tracing::debug!("a tab left"));
                    return None;
                }
            }
        }
    }

    fn ends(&self, code: CloseCode) {
        let (code, reason) = (code.code(), code.reason());
        let span = self.tab.span();
        span.in_scope(|| tracing::debug!(code, reason, "a tab is closed"));
    }

    fn render(&self) -> Rendered {
        let mut rendered = Rendered::default();
        self.tab.with(|shard, key| {
            let (out, load) = (&mut rendered.out, &mut rendered.load);
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
                        load.add(&entry);
                        event(out, Some(entry.pos()), |out| entry.write(seq, out));
                    }
                    Output::NeedLog { after, through } => {
                        rendered.need = Some(Need { after, through });
                        break;
                    }
                    Output::Close(code) => {
                        closed(out, code);
                        rendered.ended = Some(code);
                        break;
                    }
                }
            }
        });
        rendered
    }

    /// Hands a chunk to the connection, which takes it when the client takes what is before it.
    /// Returns whether it did before the session gave the client up.
    async fn write(&self, chunk: Vec<u8>, load: &Load) -> bool {
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
                    let (now, unix_us) = clock::moment();
                    self.gateway.metrics.written_bytes.inc_by(chunk.len() as u64);
                    self.gateway.metrics.written(load, unix_us);
                    permit.send(chunk.into());
                    // There is no pong on an event stream: taking what is written is the answer.
                    self.tab.with(|shard, key| shard.handle_written(key, now));
                    inbound::receive(&self.tab, Received::Pong);
                    return true;
                }
                () = self.due() => {}
                () = self.tab.bell.rung() => {}
            }
        }
    }

    /// The code of a tab that is closing and cannot be told so.
    fn given_up(&self) -> Option<CloseCode> {
        self.tab.with(|shard, key| {
            if !shard.is_closing(key) {
                return None;
            }
            shard.outputs(key).find_map(|output| match output {
                Output::Close(code) => Some(code),
                Output::Frame { .. }
                | Output::Ephemeral(_)
                | Output::Event { .. }
                | Output::NeedLog { .. } => None,
            })
        })
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
