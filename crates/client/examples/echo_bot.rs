//! Answers every message in the channels its user is in, once, whatever breaks in between, and
//! leaves the replies in threads to those who talk there: `echo_bot URL TOKEN`.
//!
//! What it has answered is what it has read: after an answer it moves its read cursor, and a
//! snapshot says which messages are left. An answer's idempotency key is made from the message, so
//! a message that comes a second way (from the stream and from the list, or after a call whose
//! answer got lost) gets no second answer. It never answers an echo, so that two bots in one
//! channel do not talk to each other for ever.

use std::time::Duration;

use antiphon_api::{
    ErrorCode,
    entities::{Message, Read},
    events::Event,
    ids::UserId,
    method::NoParams,
    methods::{message, read, state::Snapshot},
};
use antiphon_client::{Auth, CallError, Follow, Rpc, Target, Update};
use anyhow::Context;

const MARK: &str = "echo: ";
/// How long it waits before it repeats a call.
const AGAIN: Duration = Duration::from_millis(500);

struct Bot {
    rpc: Rpc,
    me: UserId,
}

#[tokio::main]
#[expect(clippy::print_stderr, reason = "a program says what it suffers")]
async fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let (url, token) = args
        .next()
        .zip(args.next())
        .context("usage: echo_bot URL TOKEN")?;
    let rpc = Rpc::http(&url, Some(token.clone()))?;
    let mut follow = Follow::target(Target::of_gateway(&url, Auth::Bearer(token)));
    let mut bot = None;
    loop {
        match follow.next().await? {
            Update::Resynced { .. } => {
                let snapshot = until_answered(|| rpc.call::<Snapshot>(&NoParams {})).await?;
                let bot = bot.insert(Bot {
                    rpc: rpc.clone(),
                    me: snapshot.user.id,
                });
                follow.snapshot_loaded(snapshot.pos)?;
                for read in snapshot.reads.iter().filter(|read| read.unread > 0) {
                    bot.catch_up(read).await?;
                }
            }
            // While it answers nobody reads the stream. Should the gateway lose patience, the
            // stream comes back where it was.
            Update::Event(frame) => {
                let event = frame.event.as_deref();
                if let (Some(bot), Some(Event::MessageCreated(created))) = (&bot, event) {
                    bot.answer(&created.message).await?;
                }
            }
            Update::Live { .. } => eprintln!("listening"),
            Update::Disconnected { why, retry_in } => eprintln!("{why}; back in {retry_in:?}"),
        }
    }
}

impl Bot {
    /// Answers what was written in a channel since `read`, oldest first.
    async fn catch_up(&self, read: &Read) -> anyhow::Result<()> {
        let mut unread: Vec<Message> = Vec::new();
        loop {
            let params = message::ListParams {
                channel_id: read.channel_id,
                since_id: None,
                before_id: unread.last().map(|oldest| oldest.id),
                limit: None,
            };
            let page = until_answered(|| self.rpc.call::<message::List>(&params)).await?;
            let newer = |message: &Message| Some(message.id) > read.last_read_id;
            let is_over = !page.has_more || !page.messages.iter().all(newer);
            unread.extend(page.messages.into_iter().rev().filter(newer));
            if is_over {
                break;
            }
        }
        for message in unread.iter().rev() {
            self.answer(message).await?;
        }
        Ok(())
    }

    async fn answer(&self, message: &Message) -> anyhow::Result<()> {
        let is_reply = message.thread_id.is_some();
        if is_reply || message.author_id == self.me || message.body.starts_with(MARK) {
            return Ok(());
        }
        let echo = message::SendParams {
            channel_id: message.channel_id,
            body: format!("{MARK}{}", message.body),
            thread_id: None,
        };
        let cursor = read::MarkParams {
            channel_id: message.channel_id,
            message_id: message.id,
        };
        let key = format!("echo-{}", message.id);
        let sent = until_answered(|| self.rpc.call_once::<message::Send>(&key, &echo)).await;
        let marked = until_answered(|| self.rpc.call_once::<read::Mark>(&key, &cursor)).await;
        for failed in [sent.err(), marked.err()].into_iter().flatten() {
            passed_over(message, failed)?;
        }
        Ok(())
    }
}

/// A channel that was left, or a body that leaves no room for the mark, is no reason to stop.
#[expect(clippy::print_stderr, reason = "a program says what it suffers")]
fn passed_over(message: &Message, error: CallError) -> anyhow::Result<()> {
    let CallError::Rpc(refusal) = error else {
        return Err(error.into());
    };
    eprintln!("message {} is passed over: {refusal}", message.id);
    Ok(())
}

/// Repeats a call until it is answered, which a query or a call under a key may always be.
async fn until_answered<T, F>(call: impl Fn() -> F) -> Result<T, CallError>
where
    F: Future<Output = Result<T, CallError>>,
{
    loop {
        match call().await {
            Err(error) if may_pass(&error) => tokio::time::sleep(AGAIN).await,
            answered => return answered,
        }
    }
}

/// Whether the same call may be answered later.
fn may_pass(error: &CallError) -> bool {
    match error {
        CallError::Rpc(error) => matches!(
            ErrorCode::from_code(error.code),
            Some(ErrorCode::Unavailable | ErrorCode::RateLimited)
        ),
        CallError::Transport(_) => true,
        CallError::NotAnAnswer(status) => status.is_server_error(),
        CallError::Encode(_) | CallError::Decode(_) => false,
    }
}
