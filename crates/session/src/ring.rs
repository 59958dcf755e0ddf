//! The newest events of one session, counted by `seq`: a cache of the log, so trimming is always safe.

use std::{collections::VecDeque, sync::Arc};

use antiphon_api::ids::{Pos, Seq};

use crate::{config::Config, entry::Entry};

#[derive(Debug)]
pub(crate) struct Ring {
    entries: VecDeque<Arc<Entry>>,
    bytes: usize,
    head: Seq,
    floor: Pos,
}

/// What a ring has at a `seq`.
#[derive(Debug)]
pub(crate) enum Slot<'a> {
    Held(&'a Arc<Entry>),
    Evicted,
    NotYet,
}

impl Ring {
    /// Empty and whole from `floor` on; the first event is numbered `head + 1`.
    pub(crate) const fn new(head: Seq, floor: Pos) -> Self {
        Self {
            entries: VecDeque::new(),
            bytes: 0,
            head,
            floor,
        }
    }

    /// The oldest position from which the ring is whole: that of its creation, then that of the
    /// newest evicted entry.
    pub(crate) const fn floor(&self) -> Pos {
        self.floor
    }

    /// The number of the newest event.
    pub(crate) const fn head(&self) -> Seq {
        self.head
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// `false`, and nothing changed, if the newest entry is already this one.
    pub(crate) fn push(&mut self, entry: &Arc<Entry>, config: &Config) -> bool {
        if self
            .entries
            .back()
            .is_some_and(|newest| newest.pos() >= entry.pos())
        {
            return false;
        }
        self.head = self.head.next();
        self.bytes += entry.len();
        self.entries.push_back(Arc::clone(entry));
        while self.entries.len() > config.ring_events || self.bytes > config.ring_bytes {
            if !self.evict_oldest() {
                break;
            }
        }
        true
    }

    /// Gives up the oldest entry, never the newest. `false` if there was none to give.
    pub(crate) fn evict_oldest(&mut self) -> bool {
        if self.entries.len() < 2 {
            return false;
        }
        let Some(oldest) = self.entries.pop_front() else {
            return false;
        };
        self.bytes -= oldest.len();
        self.floor = oldest.pos();
        true
    }

    pub(crate) fn slot(&self, seq: Seq) -> Slot<'_> {
        if seq > self.head {
            return Slot::NotYet;
        }
        match usize::try_from(seq.get() - self.tail().get()) {
            Ok(index) => self.entries.get(index).map_or(Slot::NotYet, Slot::Held),
            Err(_) => Slot::Evicted,
        }
    }

    /// The number of the oldest entry; of an empty ring, that of the next event.
    fn tail(&self) -> Seq {
        Seq(self.head.get() + 1 - self.entries.len() as i64)
    }

    /// The position that stands for event `seq`, for `tail - 1 <= seq <= head`.
    pub(crate) fn position_of(&self, seq: Seq) -> Option<Pos> {
        if seq.next() == self.tail() {
            return Some(self.floor);
        }
        match self.slot(seq) {
            Slot::Held(entry) => Some(entry.pos()),
            Slot::Evicted | Slot::NotYet => None,
        }
    }

    /// The number of the first event above `pos`, which must not be below the floor.
    pub(crate) fn seq_after(&self, pos: Pos) -> Seq {
        let known = self.entries.partition_point(|entry| entry.pos() <= pos);
        Seq(self.tail().get() + known as i64)
    }
}
