//! Where a tab is in its user's events, and where its next one comes from.
//!
//! A cursor owes `live` until everything up to its target was sent. It reads the ring while the
//! ring reaches back to it, else pages of the log up to the target; when it gets there and the ring
//! still does not reach back, the shard's position becomes the next target. `covered` only rises,
//! and is true at every moment: all events up to it were sent, or the client came with them.

use std::{sync::Arc, vec};

use antiphon_api::ids::{Pos, Seq};

use crate::{
    entry::Entry,
    resume::LogPage,
    ring::{Ring, Slot},
};

#[derive(Debug)]
pub(crate) struct Cursor {
    covered: Pos,
    /// `live` is owed once everything up to here was sent.
    target: Option<Pos>,
    /// What is sent is a replay, and counted, rather than news.
    replaying: bool,
    replayed: u64,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Ring { next: Seq },
    Log(Pages),
}

/// A page of the log being sent, cut at the target.
#[derive(Debug, Default)]
struct Pages {
    entries: vec::IntoIter<Arc<Entry>>,
    /// What will be covered when `entries` is empty.
    covers: Pos,
    asked: bool,
}

/// What a cursor has next.
#[derive(Debug)]
pub(crate) enum Step {
    Event { seq: Option<Seq>, entry: Arc<Entry> },
    Live { seq: Seq, pos: Pos, replayed: u64 },
    NeedLog { after: Pos, through: Pos },
}

impl Cursor {
    /// From `after`, which the ring must reach back to.
    pub(crate) fn on_ring(ring: &Ring, after: Pos, target: Pos) -> Self {
        let next = ring.seq_after(after);
        Self::new(after, target, Source::Ring { next })
    }

    /// From `after`, with the first page already there.
    pub(crate) fn on_log(after: Pos, target: Pos, page: LogPage) -> Self {
        let mut cursor = Self::new(after, target, Source::Log(Pages::default()));
        cursor.load(page);
        cursor
    }

    const fn new(covered: Pos, target: Pos, source: Source) -> Self {
        Self {
            covered,
            target: Some(target),
            replaying: true,
            replayed: 0,
            source,
        }
    }

    pub(crate) const fn is_live(&self) -> bool {
        self.target.is_none()
    }

    /// Whether an event pushed to the ring is something to poll for.
    pub(crate) const fn reads_ring(&self) -> bool {
        matches!(self.source, Source::Ring { .. })
    }

    /// Whether a page was asked for and has not come.
    pub(crate) const fn awaits_page(&self) -> bool {
        matches!(self.source, Source::Log(Pages { asked: true, .. }))
    }

    /// The highest position of which it is true that everything up to it was sent.
    pub(crate) fn sent(&self, ring: &Ring, position: Pos) -> Pos {
        match self.source {
            Source::Ring { next } if next > ring.head() => self.covered.max(position),
            Source::Ring { .. } | Source::Log(_) => self.covered,
        }
    }

    /// The lowest position that may hold an event to be sent; `None` if all was sent.
    pub(crate) fn owed(&self, ring: &Ring) -> Option<Pos> {
        let unknown = || Pos(self.covered.get() + 1);
        match &self.source {
            Source::Ring { next } => match ring.slot(*next) {
                Slot::Held(entry) => Some(entry.pos()),
                Slot::Evicted => Some(unknown()),
                Slot::NotYet => None,
            },
            Source::Log(pages) => {
                let next = pages.entries.as_slice().first();
                Some(next.map_or_else(unknown, |entry| entry.pos()))
            }
        }
    }

    pub(crate) fn poll(&mut self, ring: &Ring, position: Pos) -> Option<Step> {
        match self.source {
            Source::Ring { next } => self.poll_ring(next, ring, position),
            Source::Log(_) => self.poll_log(ring, position),
        }
    }

    fn poll_ring(&mut self, next: Seq, ring: &Ring, position: Pos) -> Option<Step> {
        let slot = ring.slot(next);
        if let Some(target) = self.target
            && self.is_whole(&slot, target)
        {
            return Some(self.go_live(next, target));
        }
        match slot {
            Slot::Held(entry) => {
                self.source = Source::Ring { next: next.next() };
                Some(self.send(Some(next), Arc::clone(entry)))
            }
            Slot::NotYet => {
                self.covered = self.covered.max(position);
                None
            }
            Slot::Evicted => {
                self.fall_off(position);
                self.poll_log(ring, position)
            }
        }
    }

    fn is_whole(&self, next: &Slot<'_>, target: Pos) -> bool {
        self.covered >= target
            || match next {
                Slot::Held(entry) => entry.pos() > target,
                Slot::Evicted => false,
                Slot::NotYet => true,
            }
    }

    fn go_live(&mut self, next: Seq, target: Pos) -> Step {
        self.target = None;
        self.replaying = false;
        self.covered = self.covered.max(target);
        Step::Live {
            seq: Seq(next.get() - 1),
            pos: self.covered,
            replayed: std::mem::take(&mut self.replayed),
        }
    }

    fn send(&mut self, seq: Option<Seq>, entry: Arc<Entry>) -> Step {
        self.covered = self.covered.max(entry.pos());
        self.replayed += u64::from(self.replaying);
        Step::Event { seq, entry }
    }

    /// Owes another `live`, if it is live. `false` if it is not, and so owes one already.
    pub(crate) fn renew(&mut self, position: Pos) -> bool {
        let live = self.is_live();
        self.target.get_or_insert(position);
        live
    }

    fn fall_off(&mut self, position: Pos) {
        self.target = Some(position);
        self.replaying = true;
        self.source = Source::Log(Pages::default());
    }

    fn poll_log(&mut self, ring: &Ring, position: Pos) -> Option<Step> {
        let Source::Log(pages) = &mut self.source else {
            return None;
        };
        if let Some(entry) = pages.entries.next() {
            return Some(self.send(None, entry));
        }
        self.covered = self.covered.max(pages.covers);
        let mut target = self.target.unwrap_or(position);
        if self.covered >= target {
            if ring.floor() <= self.covered {
                let next = ring.seq_after(self.covered);
                self.source = Source::Ring { next };
                return Some(self.go_live(next, target));
            }
            target = position;
            self.target = Some(target);
        }
        let first = !std::mem::replace(&mut pages.asked, true);
        first.then_some(Step::NeedLog {
            after: self.covered,
            through: target,
        })
    }

    /// Gives up the page it holds, for a tab that is closing.
    pub(crate) fn let_go(&mut self) {
        if let Source::Log(pages) = &mut self.source {
            *pages = Pages::default();
        }
    }

    /// Takes the page that was asked for. `false` if it covers nothing new, so that asking on
    /// would never end.
    pub(crate) fn load(&mut self, page: LogPage) -> bool {
        let (Source::Log(pages), Some(target)) = (&mut self.source, self.target) else {
            return true;
        };
        let covered = self.covered;
        let covers = page.covered().min(target);
        let mut entries = page.entries;
        entries.retain(|entry| entry.pos() > covered && entry.pos() <= target);
        *pages = Pages {
            entries: entries.into_iter(),
            covers,
            asked: false,
        };
        covers > covered
    }
}
