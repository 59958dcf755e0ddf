//! What a shard has to say about itself in numbers, for whoever watches the gateway.

use antiphon_api::ids::Pos;

use crate::{session::Session, shard::Shard};

/// A shard, or several, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Attached tabs, those closing included.
    pub tabs: usize,
    /// Open tabs that wait for a whole replay.
    pub replaying: usize,
    /// Sessions, those without a tab included.
    pub sessions: usize,
    /// Events in all rings; one counts once for each ring it is in.
    pub ring_events: usize,
    /// Bytes of event text in all rings, counted alike.
    pub ring_bytes: usize,
    /// The lowest position that an open tab may be owed an event of. `None`: every tab is whole.
    pub owed: Option<Pos>,
}

impl Survey {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            tabs: self.tabs + other.tabs,
            replaying: self.replaying + other.replaying,
            sessions: self.sessions + other.sessions,
            ring_events: self.ring_events + other.ring_events,
            ring_bytes: self.ring_bytes + other.ring_bytes,
            owed: self.owed.into_iter().chain(other.owed).min(),
        }
    }
}

impl Shard {
    /// Looks at every session and every tab.
    #[must_use]
    pub fn survey(&self) -> Survey {
        let own = Survey {
            tabs: self.tabs(),
            ..Survey::default()
        };
        self.each_session()
            .map(Session::survey)
            .fold(own, Survey::and)
    }
}

impl Session {
    fn survey(&self) -> Survey {
        let open = || self.tabs.iter().filter(|tab| tab.is_open());
        Survey {
            tabs: 0,
            replaying: open().filter(|tab| !tab.cursor().is_live()).count(),
            sessions: 1,
            ring_events: self.ring.len(),
            ring_bytes: self.ring.bytes(),
            owed: open().filter_map(|tab| tab.cursor().owed(&self.ring)).min(),
        }
    }
}
