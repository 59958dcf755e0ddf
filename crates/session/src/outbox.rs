//! What waits for a tab beside its log events. Every queue has its bound.

use std::{collections::VecDeque, sync::Arc};

use antiphon_api::{frame::ServerFrame, ids::UnixMs};

use crate::config::Config;

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// One `hello`, `bad_frames_per_minute` errors and one `going_away` at most.
    control: VecDeque<Vec<u8>>,
    /// A ping is due; only its time is kept, its position is that of the moment it is pulled.
    ping: Option<UnixMs>,
    answers: VecDeque<Vec<u8>>,
    answer_bytes: usize,
    ephemerals: VecDeque<Ephemeral>,
}

#[derive(Debug)]
struct Ephemeral {
    key: Option<Box<str>>,
    frame: Arc<[u8]>,
}

impl Outbox {
    pub(crate) fn push_control(&mut self, frame: &ServerFrame<'_>) {
        self.control.push_back(encode(frame));
    }

    pub(crate) fn push_error(&mut self, frame: &ServerFrame<'_>, config: &Config) {
        if self.control.len() < config.bad_frames_per_minute {
            self.push_control(frame);
        }
    }

    pub(crate) fn pop_control(&mut self) -> Option<Vec<u8>> {
        pop(&mut self.control)
    }

    pub(crate) const fn push_ping(&mut self, ts: UnixMs) {
        self.ping = Some(ts);
    }

    pub(crate) const fn pop_ping(&mut self) -> Option<UnixMs> {
        self.ping.take()
    }

    /// `false`, and the answer dropped, if it would take the unsent answers over their bound.
    pub(crate) fn push_answer(&mut self, answer: Vec<u8>, config: &Config) -> bool {
        let bytes = self.answer_bytes + answer.len();
        let fits = self.answers.is_empty() || bytes <= config.answer_bytes;
        if fits {
            self.answer_bytes = bytes;
            self.answers.push_back(answer);
        }
        fits
    }

    pub(crate) fn pop_answer(&mut self) -> Option<Vec<u8>> {
        let answer = pop(&mut self.answers)?;
        self.answer_bytes -= answer.len();
        Some(answer)
    }

    /// Takes the place of the one that waits under the same key, else goes last.
    pub(crate) fn push_ephemeral(&mut self, frame: &Arc<[u8]>, key: Option<&str>, config: &Config) {
        let frame = Arc::clone(frame);
        let same = |waiting: &&mut Ephemeral| key.is_some() && waiting.key.as_deref() == key;
        if let Some(waiting) = self.ephemerals.iter_mut().find(same) {
            waiting.frame = frame;
            return;
        }
        if self.ephemerals.len() >= config.ephemeral_keys {
            self.ephemerals.pop_front();
        }
        let key = key.map(Box::from);
        self.ephemerals.push_back(Ephemeral { key, frame });
    }

    pub(crate) fn pop_ephemeral(&mut self) -> Option<Arc<[u8]>> {
        pop(&mut self.ephemerals).map(|waiting| waiting.frame)
    }

    pub(crate) fn drop_ephemerals(&mut self) {
        self.ephemerals.clear();
    }

    /// Keeps the control frames alone, for a tab that is closing.
    pub(crate) fn keep_control(&mut self) {
        let control = std::mem::take(&mut self.control);
        *self = Self {
            control,
            ..Self::default()
        };
    }
}

/// The first; what was the last gives its room back, for most tabs wait for nothing.
fn pop<T>(queue: &mut VecDeque<T>) -> Option<T> {
    let first = queue.pop_front();
    if queue.is_empty() {
        *queue = VecDeque::new();
    }
    first
}

pub(crate) fn encode(frame: &ServerFrame<'_>) -> Vec<u8> {
    serde_json::to_vec(frame).expect("a control frame has string keys only")
}
