//! A tab on a WebSocket.
//!
//! Frames to the client are rendered straight into one buffer, several to a write, and only when
//! the one before is gone: what waits stays in the session, where it is shared. Frames from the
//! client are read by tungstenite, without an I/O object of its own.

use std::{
    future::poll_fn,
    io::{self, ErrorKind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use antiphon_api::{frame::CloseCode, identity::Identity};
use antiphon_session::{LogPage, Output, Received};
use bytes::Bytes;
use http::StatusCode;
use tokio::{
    net::TcpStream,
    task::JoinSet,
    time::{Instant, Sleep},
};
use tracing::Instrument;
use tungstenite::{
    Error, Message,
    error::{CapacityError, ProtocolError},
    protocol::{
        CloseFrame, Role, WebSocketConfig, WebSocketContext, frame::coding::CloseCode as Code,
    },
};

use super::{
    Need, WRITE_BYTES, fetch, frames, inbound,
    wire::{CLOSE_TIMEOUT, Wire},
};
use crate::{
    clock,
    directory::Tab,
    gateway::Gateway,
    metrics::{End, Load},
    request_id,
};

/// What is read at once, in bytes; each connected tab has one buffer of this size.
const READ_BYTES: usize = 256;
/// The most frames, and bytes, read before output and other tabs are looked at again. A turn that
/// reads these bytes without the end of a message counts as a frame: a message can be in pieces
/// without number, of no bytes each.
const READ_FRAMES: usize = 32;
const READ_TURN_BYTES: usize = 128 << 10;

/// How long a client that does not read is given to begin, and so to see why it was closed.
const BLOCKED_CLOSE_TIMEOUT: Duration = Duration::from_secs(15);
/// With more than this to be written nothing is read, because answers to pings would add to it.
const MAX_UNWRITTEN_BYTES: usize = 4 * WRITE_BYTES;

/// As long as no alarm is set.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

/// Runs a tab until either side ends it.
pub(crate) async fn run(
    stream: TcpStream,
    read_before: Bytes,
    tab: Tab,
    identity: Arc<Identity>,
    gateway: Arc<Gateway>,
) {
    let config = config()
        .max_message_size(Some(gateway.frame_bytes))
        .max_frame_size(Some(gateway.frame_bytes));
    let context =
        WebSocketContext::from_partially_read(read_before.into(), Role::Server, Some(config));
    let wire = Wire::new(stream);
    let work = JoinSet::new();
    let socket = Box::new(Socket {
        wire,
        context,
        tab,
        identity,
        gateway,
        work,
        load: Load::default(),
        due: None,
        alarm: Box::pin(tokio::time::sleep(NEVER)),
        closing: None,
    });
    socket.run().await;
}

/// Closes a connection that was upgraded only to be told why not.
pub(crate) async fn refuse(stream: TcpStream, code: CloseCode) {
    let mut wire = Wire::new(stream);
    let mut context = WebSocketContext::new(Role::Server, Some(config()));
    if close(
        &mut context,
        &mut wire,
        Code::from(code.code()),
        code.reason(),
    )
    .is_ok()
    {
        wire.part().await;
    }
}

fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(0)
}

struct Socket {
    wire: Wire,
    context: WebSocketContext,
    tab: Tab,
    identity: Arc<Identity>,
    gateway: Arc<Gateway>,
    /// Calls and a page of the log that the server is asked for.
    work: JoinSet<Done>,
    /// What `wire.out` holds.
    load: Load,
    /// When the session has something to do by itself.
    due: Option<Instant>,
    /// Goes off then, or before.
    alarm: Pin<Box<Sleep>>,
    /// Set once the close frame is in `wire.out`: nothing follows it, and by then it is over.
    closing: Option<Instant>,
}

enum Done {
    Call(Option<Vec<u8>>),
    Page(Option<LogPage>),
}

/// What wakes a tab's task.
enum Wakeup {
    Due,
    Done(Done),
    Readable,
    Writable,
    Rung,
}

impl Socket {
    async fn run(mut self: Box<Self>) {
        let ended = self.serve().await;
        // Calls under way are carried out all the same; nobody hears the answers.
        self.work.detach_all();
        if let Err(error) = ended {
            let span = self.tab.span();
            span.in_scope(|| tracing::debug!(%error, "a tab was lost"));
            if self.closing.is_none() {
                self.gateway.metrics.ended(End::Lost);
            }
            return;
        }
        let Self { wire, tab, .. } = *self;
        drop(tab);
        Box::pin(wire.part()).await;
    }

    /// Until the last byte of the close frame is written, or the connection is lost.
    async fn serve(&mut self) -> Result<(), Error> {
        loop {
            let more = self.render()?;
            self.flush()?;
            if self.wire.out.is_empty() {
                if self.closing.is_some() {
                    return Ok(());
                }
                if more {
                    tokio::task::yield_now().await;
                    continue;
                }
            }
            match self.wait().await? {
                Wakeup::Readable => {
                    self.receive()?;
                    if self.wire.may_read == 0 {
                        tokio::task::yield_now().await;
                    }
                }
                Wakeup::Done(Done::Call(answer)) => {
                    self.tab.with(|shard, key| shard.finish_call(key, answer));
                }
                Wakeup::Done(Done::Page(page)) => {
                    self.tab.with(|shard, key| shard.handle_log(key, page));
                }
                Wakeup::Due if self.closing.is_some_and(|by| by <= Instant::now()) => {
                    return Err(Error::Io(ErrorKind::TimedOut.into()));
                }
                Wakeup::Due => {
                    self.tab
                        .with(|shard, key| shard.handle_timeout(key, clock::now()));
                }
                Wakeup::Writable | Wakeup::Rung => {}
            }
        }
    }

    /// Renders what the session has for the tab, if nothing waits to be written: not even the
    /// pong to a client's ping, which tungstenite puts there. Returns whether there may be more.
    /// A tab that is closing is rendered to its end even so: who does not read is not waited for.
    fn render(&mut self) -> Result<bool, Error> {
        if self.closing.is_some() {
            return Ok(false);
        }
        let blocked = !self.wire.out.is_empty();
        let mut need = None;
        let mut end = None;
        let (out, load) = (self.wire.scratch(), &mut self.load);
        self.due = self.tab.with(|shard, key| {
            let most = match (shard.is_closing(key), blocked) {
                (true, _) => usize::MAX,
                (false, true) => 0,
                (false, false) => WRITE_BYTES,
            };
            let mut outputs = shard.outputs(key);
            while out.len() < most
                && end.is_none()
                && let Some(output) = outputs.next()
            {
                match output {
                    Output::Frame { bytes, .. } => frames::text(out, |out| out.extend(bytes)),
                    Output::Ephemeral(bytes) => {
                        frames::text(out, |out| out.extend_from_slice(&bytes));
                    }
                    Output::Event { seq, entry } => {
                        load.add(&entry);
                        frames::text(out, |out| entry.write(seq, out));
                    }
                    Output::NeedLog { after, through } => need = Some(Need { after, through }),
                    Output::Close(code) => end = Some(code),
                }
            }
            shard.poll_timeout(key).map(Instant::from_std)
        });
        if let Some(need) = need {
            let (gateway, principal) = (Arc::clone(&self.gateway), self.tab.key().principal);
            let page = async move { Done::Page(fetch(&gateway.replays, principal, need).await) };
            self.work.spawn(page.instrument(self.tab.span()));
        }
        if let Some(code) = end {
            self.end(End::of(code), Code::from(code.code()), code.reason())?;
            if blocked {
                self.closing = Some(Instant::now() + BLOCKED_CLOSE_TIMEOUT);
            }
        }
        Ok(blocked || self.wire.out.len() >= WRITE_BYTES)
    }

    /// Writes what the socket takes.
    fn flush(&mut self) -> Result<(), Error> {
        if self.wire.out.is_empty() {
            self.wire.give_back();
            return Ok(());
        }
        let written = self.wire.try_write()?;
        let blocked = !self.wire.out.is_empty();
        let (now, unix_us) = clock::moment();
        self.gateway.metrics.written_bytes.inc_by(written as u64);
        if !blocked {
            let load = std::mem::take(&mut self.load);
            self.gateway.metrics.written(&load, unix_us);
        }
        self.due = self.tab.with(|shard, key| {
            if written > 0 {
                shard.handle_written(key, now);
            }
            if blocked {
                shard.handle_blocked(key, now);
            }
            shard.poll_timeout(key).map(Instant::from_std)
        });
        Ok(())
    }

    async fn wait(&mut self) -> Result<Wakeup, Error> {
        // One that goes off too early costs a look; one set anew for each event costs more.
        let due = self.closing.or(self.due);
        if self.alarm.is_elapsed() || due.is_some_and(|due| due < self.alarm.deadline()) {
            let due = due.unwrap_or_else(|| Instant::now() + NEVER);
            self.alarm.as_mut().reset(due);
        }
        poll_fn(|context| self.poll_wakeup(context)).await
    }

    /// The bell is looked at last: whatever comes before it is followed by rendering all the same.
    fn poll_wakeup(&mut self, context: &mut Context<'_>) -> Poll<Result<Wakeup, Error>> {
        if self.alarm.as_mut().poll(context).is_ready() {
            return Poll::Ready(Ok(Wakeup::Due));
        }
        if let Poll::Ready(Some(done)) = self.work.poll_join_next(context) {
            let done = done.map_err(|error| Error::Io(io::Error::other(error)));
            return Poll::Ready(done.map(Wakeup::Done));
        }
        let unwritten = self.wire.out.len();
        if unwritten < MAX_UNWRITTEN_BYTES
            && let Poll::Ready(readable) = self.wire.stream.poll_read_ready(context)
        {
            return Poll::Ready(readable.map(|()| Wakeup::Readable).map_err(Error::Io));
        }
        if unwritten > 0
            && let Poll::Ready(writable) = self.wire.stream.poll_write_ready(context)
        {
            return Poll::Ready(writable.map(|()| Wakeup::Writable).map_err(Error::Io));
        }
        self.tab.bell.poll_rung(context).map(|()| Ok(Wakeup::Rung))
    }

    /// Reads what has come.
    fn receive(&mut self) -> Result<(), Error> {
        self.wire.may_read = READ_TURN_BYTES;
        let received = self.receive_frames();
        let read = READ_TURN_BYTES - self.wire.may_read;
        self.gateway.metrics.read_bytes.inc_by(read as u64);
        received
    }

    fn receive_frames(&mut self) -> Result<(), Error> {
        for count in 0..READ_FRAMES {
            match self.context.read(&mut self.wire) {
                Ok(Message::Text(text)) => self.take(&text),
                Ok(Message::Binary(_)) => inbound::receive(&self.tab, Received::Binary),
                Ok(Message::Ping(_) | Message::Pong(_)) => {
                    inbound::receive(&self.tab, Received::Pong);
                }
                Ok(Message::Close(frame)) => {
                    if self.closing.is_none() {
                        let code = frame.map(|frame| u16::from(frame.code));
                        let span = self.tab.span();
                        span.in_scope(|| tracing::debug!(code, "a tab left"));
                        self.gateway.metrics.ended(End::ByClient);
                    }
                    self.closing = Some(Instant::now() + CLOSE_TIMEOUT);
                    // tungstenite has an answer ready, and puts it into `wire.out` when asked to.
                    return unless_over(self.context.flush(&mut self.wire));
                }
                Ok(Message::Frame(_)) => {}
                Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
                    if self.wire.may_read == 0 && count == 0 {
                        inbound::receive(&self.tab, Received::Pong);
                    }
                    return Ok(());
                }
                Err(Error::Capacity(CapacityError::MessageTooLong { .. })) => {
                    inbound::receive(&self.tab, Received::TooBig);
                    return Ok(());
                }
                Err(Error::Protocol(error)) if self.closing.is_none() => {
                    let lost = error == ProtocolError::ResetWithoutClosingHandshake;
                    let end = if lost {
                        End::Lost
                    } else {
                        End::With(Code::Protocol.into())
                    };
                    return self.end(end, Code::Protocol, &error.to_string());
                }
                Err(Error::Utf8(_)) if self.closing.is_none() => {
                    let end = End::With(Code::Invalid.into());
                    return self.end(end, Code::Invalid, "text that is not UTF-8");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn take(&mut self, text: &str) {
        let Some(body) = inbound::text(&self.tab, text) else {
            return;
        };
        if !self.tab.with(|shard, key| shard.begin_call(key)) {
            self.gateway.metrics.called(StatusCode::TOO_MANY_REQUESTS);
            let answer = inbound::too_many_calls(&body);
            self.tab.with(|shard, key| shard.refuse_call(key, answer));
            return;
        }
        let (gateway, identity) = (Arc::clone(&self.gateway), Arc::clone(&self.identity));
        let request_id = request_id::random();
        let span = self.tab.call_span(&request_id);
        let call = async move {
            let answer = gateway.calls.answer(&identity, body, &request_id);
            Done::Call(answer.await)
        };
        self.work.spawn(call.instrument(span));
    }

    fn end(&mut self, end: End, code: Code, reason: &str) -> Result<(), Error> {
        self.gateway.metrics.ended(end);
        let span = self.tab.span();
        span.in_scope(|| tracing::debug!(code = u16::from(code), reason, "a tab is closed"));
        self.closing = Some(Instant::now() + CLOSE_TIMEOUT);
        close(&mut self.context, &mut self.wire, code, reason)
    }
}

/// Puts a close frame into `wire.out`.
fn close(
    context: &mut WebSocketContext,
    wire: &mut Wire,
    code: Code,
    reason: &str,
) -> Result<(), Error> {
    let frame = CloseFrame {
        code,
        reason: reason.to_owned().into(),
    };
    unless_over(context.close(wire, Some(frame)))
}

/// tungstenite's way to say that the last frame is written, or was before.
fn unless_over(outcome: Result<(), Error>) -> Result<(), Error> {
    match outcome {
        Err(Error::ConnectionClosed | Error::AlreadyClosed) => Ok(()),
        other => other,
    }
}
