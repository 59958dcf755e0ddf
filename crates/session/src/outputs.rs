//! What a tab is to send, taken out one by one.

use antiphon_api::ids::Pos;

use crate::{ring::Ring, tab::Tab, traffic::Output};

/// What a tab's socket is to do next; see [`Shard::outputs`](crate::Shard::outputs).
#[derive(Debug)]
pub struct Outputs<'a>(Source<'a>);

#[derive(Debug)]
enum Source<'a> {
    Attached {
        tab: &'a mut Tab,
        ring: &'a Ring,
        position: Pos,
    },
    /// A tab whose session is forgotten.
    Departing(&'a mut Tab),
    Gone,
}

impl<'a> Outputs<'a> {
    pub(crate) const fn of(tab: &'a mut Tab, ring: &'a Ring, position: Pos) -> Self {
        Self(Source::Attached {
            tab,
            ring,
            position,
        })
    }

    pub(crate) fn of_departing(tab: Option<&'a mut Tab>) -> Self {
        Self(tab.map_or(Source::Gone, Source::Departing))
    }
}

impl Iterator for Outputs<'_> {
    type Item = Output;

    fn next(&mut self) -> Option<Output> {
        match &mut self.0 {
            Source::Attached {
                tab,
                ring,
                position,
            } => tab.poll_output(ring, *position),
            Source::Departing(tab) => tab.poll_ending(),
            Source::Gone => None,
        }
    }
}
