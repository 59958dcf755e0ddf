//! A client that follows the five rules of the protocol, and checks what it is sent against the log.

use std::collections::HashMap;

use antiphon_api::{
    frame::ServerFrame,
    ids::{Pos, Seq},
    resume::Resumed,
};
use antiphon_session::{LogAnswer, NewTab, Resume, TabKey};

use super::world::{Seen, World};

/// Which event a number of a session is; the same for all its tabs.
pub(crate) type Numbers = HashMap<(String, Seq), Pos>;

pub(crate) struct Client {
    pub(crate) user: i64,
    pub(crate) state: State,
    /// Rule 1.
    highest: Pos,
    /// Rule 3: nothing is applied, and no position presented, until a snapshot is.
    pub(crate) owes_snapshot: bool,
    held: Vec<Pos>,
    /// A snapshot that was asked for and has not come, read at this position.
    pub(crate) snapshot: Option<Pos>,
    /// How many of its user's events are in its state.
    applied: usize,
    /// The session and number it could name instead of a position.
    last_event: Option<(String, Seq)>,
}

pub(crate) enum State {
    Away,
    /// The gateway asked the server about the position; this is its answer.
    Asking {
        gateway: usize,
        new: Box<NewTab>,
        answer: LogAnswer,
    },
    On(Box<Connection>),
}

pub(crate) struct Connection {
    pub(crate) gateway: usize,
    pub(crate) key: TabKey,
    /// The tab may have output.
    pub(crate) ready: bool,
    /// Its output was polled to the end, and it was not woken since.
    pub(crate) idle: bool,
    /// `Output::NeedLog` was given and not answered.
    pub(crate) asked: Option<(Pos, Pos)>,
    /// How far the log was asked for since the last `live`.
    pub(crate) target: Option<Pos>,
    /// The gateway's position at the attach.
    pub(crate) attached_at: Pos,
    /// What the client came with or has by snapshot; only up to here may it be sent anything twice.
    pub(crate) had: Pos,
    session: Option<String>,
    live: bool,
    lives: u64,
    unnumbered: bool,
    seq: Option<Seq>,
    pos: Pos,
    replayed: u64,
}

impl Connection {
    pub(crate) fn new(gateway: usize, key: TabKey, attached_at: Pos, had: Pos) -> Self {
        Self {
            gateway,
            key,
            ready: true,
            idle: false,
            asked: None,
            target: None,
            attached_at,
            had,
            session: None,
            live: false,
            lives: 0,
            unnumbered: false,
            seq: None,
            pos: Pos(0),
            replayed: 0,
        }
    }

    pub(crate) const fn is_replaying(&self) -> bool {
        self.session.is_some() && !self.live
    }

    fn number(&mut self, seq: Seq, pos: Pos, numbers: &mut Numbers) {
        assert!(!self.unnumbered, "numbered again before live");
        if let Some(last) = self.seq {
            assert_eq!(seq, last.next(), "a gap in seq");
        }
        self.seq = Some(seq);
        let session = self.session.clone().expect("hello is first");
        let known = *numbers.entry((session, seq)).or_insert(pos);
        assert_eq!(known, pos, "two events have one number");
    }
}

impl Client {
    pub(crate) const fn new(user: i64) -> Self {
        Self {
            user,
            state: State::Away,
            highest: Pos(0),
            owes_snapshot: true,
            held: Vec::new(),
            snapshot: None,
            applied: 0,
            last_event: None,
        }
    }

    pub(crate) const fn position(&self) -> Pos {
        self.highest
    }

    /// What it presents: a position, or the number of its last event if it likes.
    pub(crate) fn resume(&self, by_number: bool, named: bool) -> Resume {
        match &self.last_event {
            _ if self.owes_snapshot => Resume::Fresh,
            Some((session, seq)) if by_number => Resume::Event {
                seq: *seq,
                session: named.then(|| session.clone()),
            },
            Some(_) | None => Resume::At(self.highest),
        }
    }

    pub(crate) fn can_ask_for_snapshot(&self) -> bool {
        let State::On(connection) = &self.state else {
            return false;
        };
        self.owes_snapshot && self.snapshot.is_none() && connection.session.is_some()
    }

    /// The snapshot replaces the state; held events above it follow.
    pub(crate) fn take_snapshot(&mut self, world: &World, at: Pos) {
        self.snapshot = None;
        self.owes_snapshot = false;
        self.applied = world.events[&self.user].partition_point(|pos| *pos <= at);
        for pos in std::mem::take(&mut self.held) {
            if pos > at {
                self.apply(world, pos);
            }
        }
        self.highest = self.highest.max(at);
        if let State::On(connection) = &mut self.state {
            connection.had = connection.had.max(at);
        }
    }

    /// A snapshot loaded before connecting.
    pub(crate) fn begin_with_snapshot(&mut self, world: &World) {
        self.held.clear();
        self.highest = Pos(0);
        self.last_event = None;
        self.take_snapshot(world, world.head());
    }

    fn apply(&mut self, world: &World, pos: Pos) {
        let next = world.events[&self.user].get(self.applied).copied();
        assert_eq!(Some(pos), next, "not the user's next event");
        self.applied += 1;
    }

    pub(crate) fn assert_whole(&self, world: &World, through: Pos) {
        let next = world.events[&self.user].get(self.applied);
        let whole = self.owes_snapshot || next.is_none_or(|next| *next > through);
        assert!(whole, "{next:?} is missing, up to {through}");
    }

    pub(crate) fn event(
        &mut self,
        world: &World,
        numbers: &mut Numbers,
        seen: &mut Seen,
        seq: Option<Seq>,
        pos: Pos,
    ) {
        let State::On(on) = &mut self.state else {
            unreachable!("events come on connections");
        };
        let entitled = world.events[&self.user].binary_search(&pos).is_ok();
        assert!(entitled, "somebody else's event");
        assert!(pos > on.pos, "sent twice or out of order");
        on.pos = pos;
        match seq {
            Some(seq) => {
                on.number(seq, pos, numbers);
                self.last_event = on.session.clone().map(|session| (session, seq));
            }
            None => {
                if on.live {
                    seen.note("fell off the ring");
                }
                on.live = false;
                on.unnumbered = true;
                self.last_event = None;
            }
        }
        on.replayed += u64::from(!on.live);
        if pos <= self.highest {
            assert!(pos <= on.had, "sent again");
            return;
        }
        self.highest = pos;
        if self.owes_snapshot {
            self.held.push(pos);
        } else {
            self.apply(world, pos);
        }
    }

    pub(crate) fn frame(&mut self, world: &World, seen: &mut Seen, frame: &ServerFrame<'_>) {
        match frame {
            ServerFrame::Hello {
                session,
                resumed,
                reason,
                ..
            } => {
                self.hello(session, *resumed);
                note_hello(seen, *resumed, *reason);
            }
            ServerFrame::Live { seq, pos, replayed } => {
                self.live(world, seen, *seq, *pos, *replayed);
            }
            ServerFrame::Ping { pos, .. } => {
                self.assert_whole(world, *pos);
                self.highest = self.highest.max(*pos);
            }
            ServerFrame::GoingAway { .. }
            | ServerFrame::Error { .. }
            | ServerFrame::Closed { .. } => {}
        }
    }

    fn hello(&mut self, session: &str, resumed: Resumed) {
        let State::On(on) = &mut self.state else {
            unreachable!("frames come on connections");
        };
        assert!(on.session.is_none(), "hello twice");
        on.session = Some(session.to_owned());
        if matches!(resumed, Resumed::Fresh | Resumed::Resync) {
            self.owes_snapshot = true;
            self.snapshot = None;
            self.held.clear();
            self.highest = Pos(0);
            self.last_event = None;
            on.had = Pos(0);
        }
    }

    fn live(&mut self, world: &World, seen: &mut Seen, seq: Seq, pos: Pos, replayed: u64) {
        let State::On(on) = &mut self.state else {
            unreachable!("frames come on connections");
        };
        assert_eq!(replayed, on.replayed, "events before live");
        assert!(pos >= on.attached_at, "live at {pos} is too early");
        if let Some(last) = on.seq.filter(|_| on.lives == 0 && !on.unnumbered) {
            assert_eq!(seq, last, "live does not go on from the ring");
        }
        on.lives += 1;
        if on.lives == 2 {
            seen.note("second live");
        }
        if on.seq.is_some() && on.lives == 1 {
            seen.note("numbered replay");
        }
        on.live = true;
        on.target = None;
        on.unnumbered = false;
        on.seq = Some(seq);
        on.replayed = 0;
        self.last_event = on.session.clone().map(|session| (session, seq));
        self.assert_whole(world, pos);
        self.highest = self.highest.max(pos);
    }
}

pub(crate) fn note_hello(
    seen: &mut Seen,
    resumed: Resumed,
    reason: Option<antiphon_api::resume::ResyncReason>,
) {
    use antiphon_api::resume::ResyncReason as Reason;
    seen.note(match (resumed, reason) {
        (Resumed::Fresh, _) => "fresh",
        (Resumed::Ring, _) => "ring",
        (Resumed::Log, _) => "log",
        (Resumed::Resync, Some(Reason::Expired)) => "resync Expired",
        (Resumed::Resync, Some(Reason::UnknownPosition)) => "resync UnknownPosition",
        (Resumed::Resync, Some(Reason::TooFar)) => "resync TooFar",
        (Resumed::Resync, Some(Reason::UnknownSession)) => "resync UnknownSession",
        (Resumed::Resync, Some(Reason::BadParameters)) => "resync BadParameters",
        (Resumed::Resync, None) => panic!("resync without a reason"),
    });
}
