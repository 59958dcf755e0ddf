//! Prints a line for each new message its user has not read, `@` before those that mention the
//! user: `notifier URL TOKEN`.
//!
//! What comes from the log after an absence is held back until `live`, and then only what is still
//! unread is told: what the user has read elsewhere in the meantime is no news.

use antiphon_api::{entities::Message, events::Event, method::NoParams, methods::state::Snapshot};
use antiphon_client::{Auth, Follow, Rpc, State, Target, Update};
use anyhow::Context;

/// The user's state, and the messages that came since it was last whole: no more than a replay
/// holds, 20,000 events.
struct Notifier {
    state: State,
    held: Vec<Message>,
    is_live: bool,
}

#[tokio::main]
#[expect(clippy::print_stderr, reason = "a program says what it suffers")]
async fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let (url, token) = args
        .next()
        .zip(args.next())
        .context("usage: notifier URL TOKEN")?;
    let rpc = Rpc::http(&url, Some(token.clone()))?;
    let mut follow = Follow::target(Target::of_gateway(&url, Auth::Bearer(token)));
    let mut notifier: Option<Notifier> = None;
    loop {
        match follow.next().await? {
            Update::Resynced { .. } => {
                let state = State::from(rpc.call::<Snapshot>(&NoParams {}).await?);
                follow.snapshot_loaded(state.pos())?;
                notifier = Some(Notifier {
                    state,
                    held: Vec::new(),
                    is_live: false,
                });
            }
            Update::Event(frame) => {
                if let (Some(notifier), Some(event)) = (&mut notifier, &frame.event) {
                    notifier.state.apply(frame.pos, event);
                    notifier.heard(event);
                }
            }
            Update::Live { .. } => {
                if let Some(notifier) = &mut notifier {
                    notifier.is_live = true;
                    notifier.tell();
                }
                eprintln!("listening");
            }
            Update::Disconnected { why, retry_in } => {
                if let Some(notifier) = &mut notifier {
                    notifier.is_live = false;
                }
                eprintln!("{why}; back in {retry_in:?}");
            }
        }
    }
}

impl Notifier {
    fn heard(&mut self, event: &Event) {
        if let Event::MessageCreated(created) = event {
            self.held.push(created.message.clone());
        }
        if self.is_live {
            self.tell();
        }
    }

    /// Tells what is held and still unread.
    #[expect(clippy::print_stdout, reason = "its lines are what it is for")]
    fn tell(&mut self) {
        for message in std::mem::take(&mut self.held) {
            if self.is_news(&message) {
                println!("{}", self.line(&message));
            }
        }
    }

    /// A reply is news to those who follow its thread.
    fn is_news(&self, message: &Message) -> bool {
        let last_read_id = match message.thread_id {
            None => self
                .state
                .read(message.channel_id)
                .map(|read| read.last_read_id),
            Some(root) => self.state.thread(root).map(|thread| thread.last_read_id),
        };
        let is_unread = last_read_id.is_some_and(|last| Some(message.id) > last);
        is_unread && message.author_id != self.state.user().id
    }

    /// A body is somebody's: what a terminal would obey is escaped.
    fn line(&self, message: &Message) -> String {
        let is_named = message.mentions.contains(&self.state.user().id);
        let mention = is_named || message.mentions_everyone;
        let mention = if mention { "@ " } else { "" };
        let channel = self.state.channel(message.channel_id);
        let channel = channel.map_or("", |channel| &*channel.name);
        let author = self.state.person(message.author_id);
        let author = author.map_or_else(|| message.author_id.to_string(), |it| it.name.clone());
        let body = message.body.escape_debug();
        format!(
            "{mention}{} {}: {body}",
            channel.escape_debug(),
            author.escape_debug()
        )
    }
}
