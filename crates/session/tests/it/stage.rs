//! One shard with a clock, whose output is read as short words.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use antiphon_api::{
    frame::ServerFrame,
    ids::{Pos, Principal, Seq, UnixMs, UserId},
};
use antiphon_session::{
    Attach, Config, Entry, LogAnswer, LogPage, NewTab, Now, Output, Received, Resume, Shard, TabId,
    TabKey,
};

#[expect(
    clippy::disallowed_methods,
    reason = "an instant can be had in no other way"
)]
pub(crate) fn origin() -> Instant {
    Instant::now()
}

pub(crate) fn entry(pos: i64) -> Arc<Entry> {
    Entry::new(Pos(pos), r#"{"type":"x"}"#).expect("an object")
}

pub(crate) fn page(positions: &[i64], more: bool, through: i64) -> LogPage {
    LogPage {
        entries: positions.iter().map(|pos| entry(*pos)).collect(),
        more,
        through: Pos(through),
    }
}

pub(crate) const fn user(id: i64) -> Principal {
    Principal::User(UserId(id))
}

pub(crate) fn at(pos: i64) -> Resume {
    Resume::At(Pos(pos))
}

pub(crate) fn new_tab(resume: Resume) -> NewTab {
    NewTab {
        resume,
        passed: true,
        jitter: 1.0,
        valid_until: None,
        session_id: "s".to_owned(),
        first_seq: Seq(100),
    }
}

/// A shard at position 10 whose sessions begin at seq 100.
pub(crate) struct Stage {
    pub(crate) shard: Shard,
    pub(crate) start: Instant,
    now: Duration,
    tabs: u64,
}

impl Stage {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            shard: Shard::new(Arc::new(config), Pos(10)),
            start: origin(),
            now: Duration::ZERO,
            tabs: 0,
        }
    }

    pub(crate) fn now(&self) -> Now {
        Now {
            at: self.start + self.now,
            unix_ms: UnixMs(self.now.as_millis() as i64),
        }
    }

    /// Moves the clock to `ms` after the start.
    pub(crate) const fn at_ms(&mut self, ms: u64) -> &mut Self {
        self.now = Duration::from_millis(ms);
        self
    }

    pub(crate) fn publish(&mut self, positions: &[i64]) -> Vec<TabId> {
        let mut wake = Vec::new();
        for pos in positions {
            self.shard.publish(&entry(*pos), [user(1)], &mut wake);
        }
        wake
    }

    pub(crate) fn relay(&mut self, text: &str, key: Option<&str>) -> Vec<TabId> {
        let mut wake = Vec::new();
        let frame = Arc::from(text.as_bytes());
        self.shard.relay(&frame, key, [user(1)], &mut wake);
        wake
    }

    /// The key of the next tab of user 1.
    pub(crate) const fn key(&mut self) -> TabKey {
        self.tabs += 1;
        TabKey {
            principal: user(1),
            tab: TabId(self.tabs),
        }
    }

    pub(crate) fn try_attach(&mut self, tab: &NewTab, log: Option<LogAnswer>) -> (TabKey, Attach) {
        let (key, now) = (self.key(), self.now());
        (key, self.shard.attach(key, tab, log, now))
    }

    pub(crate) fn attach(&mut self, resume: Resume) -> TabKey {
        self.attach_with(resume, None)
    }

    pub(crate) fn attach_with(&mut self, resume: Resume, log: Option<LogAnswer>) -> TabKey {
        let (key, attach) = self.try_attach(&new_tab(resume), log);
        assert!(matches!(attach, Attach::Attached(_)), "{attach:?}");
        key
    }

    /// A live tab whose output was polled to the end.
    pub(crate) fn live_tab(&mut self) -> TabKey {
        let key = self.attach(Resume::Fresh);
        self.pull(key);
        key
    }

    pub(crate) fn receive(&mut self, key: TabKey, received: Received<'_>) {
        let now = self.now();
        self.shard.handle_received(key, received, now);
    }

    /// Lets what is due happen, and gives what comes of it.
    pub(crate) fn tick(&mut self, key: TabKey) -> String {
        let now = self.now();
        self.shard.handle_timeout(key, now);
        let next = self.shard.poll_timeout(key);
        assert!(next.is_none_or(|next| next > now.at), "still due");
        self.pull(key)
    }

    /// Milliseconds after the start at which something is due.
    pub(crate) fn due_ms(&self, key: TabKey) -> Option<u128> {
        let due = self.shard.poll_timeout(key)?;
        Some((due - self.start).as_millis())
    }

    pub(crate) fn detach(&mut self, key: TabKey) {
        let now = self.now();
        self.shard.detach(key, now);
    }

    pub(crate) fn pull_one(&mut self, key: TabKey) -> Option<String> {
        self.shard.outputs(key).next().map(|output| words(&output))
    }

    /// All output there is, each in a few words, separated by `, `.
    pub(crate) fn pull(&mut self, key: TabKey) -> String {
        let mut all = Vec::new();
        while let Some(output) = self.pull_one(key) {
            all.push(output);
            assert!(all.len() < 1000, "output without end: {all:?}");
        }
        all.join(", ")
    }
}

fn words(output: &Output) -> String {
    match output {
        Output::Frame { bytes, pos } => match serde_json::from_slice(bytes) {
            Ok(frame) => frame_words(&frame, *pos),
            Err(_) => String::from_utf8_lossy(bytes).into_owned(),
        },
        Output::Ephemeral(bytes) => format!("~{}", String::from_utf8_lossy(bytes)),
        Output::Event {
            seq: Some(seq),
            entry,
        } => format!("{seq}@{}", entry.pos()),
        Output::Event { seq: None, entry } => format!("log@{}", entry.pos()),
        Output::NeedLog { after, through } => format!("need {after}..{through}"),
        Output::Close(code) => format!("close {}", code.code()),
    }
}

fn frame_words(frame: &ServerFrame<'_>, id: Option<Pos>) -> String {
    match frame {
        ServerFrame::Hello {
            resumed, reason, ..
        } => match reason {
            Some(reason) => format!("hello {resumed:?} {reason:?}"),
            None => format!("hello {resumed:?}"),
        },
        ServerFrame::Live { seq, pos, replayed } => {
            assert_eq!(id, Some(*pos));
            format!("live {seq}@{pos} after {replayed}")
        }
        ServerFrame::Ping { ts, pos } => {
            assert_eq!(id, Some(*pos));
            format!("ping {ts}@{pos}")
        }
        ServerFrame::GoingAway { reconnect_after_ms } => format!("going_away {reconnect_after_ms}"),
        ServerFrame::Error { code, message, .. } => format!("error {code} {message}"),
        ServerFrame::Closed { code } => format!("closed {code}"),
    }
}
