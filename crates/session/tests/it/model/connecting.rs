//! How connections of the walk begin and end, and what the server says in between.

use antiphon_api::{
    frame::ServerFrame,
    ids::{MAX_SAFE_INTEGER, Pos, Principal, Seq, UserId},
    resume::Resumed,
};
use antiphon_session::{Attach, LogAnswer, NewTab, Output, Resume, TabId, TabKey};

use super::{
    client::{Connection, State, note_hello},
    walk::Walk,
    world::USERS,
};

impl Walk {
    pub(super) fn new_tab(&mut self, gateway: usize, resume: Resume) -> NewTab {
        self.ids += 1;
        let passed = match resume {
            Resume::At(pos) => self.gateways[gateway].has_seen(&self.world, pos),
            Resume::Fresh | Resume::Event { .. } | Resume::Bad => false,
        };
        NewTab {
            resume,
            passed,
            jitter: 0.5,
            valid_until: None,
            session_id: format!("s{}", self.ids),
            first_seq: Seq((self.rng.next() >> 16) as i64),
        }
    }

    pub(super) fn new_key(&mut self, user: i64) -> TabKey {
        self.ids += 1;
        TabKey {
            principal: Principal::User(UserId(user)),
            tab: TabId(self.ids),
        }
    }

    pub(super) fn connect(&mut self, client: usize, gateway: usize) {
        if !matches!(self.clients[client].state, State::Away) {
            return;
        }
        let (by_number, named) = (self.rng.chance(30), self.rng.chance(50));
        let resume = self.clients[client].resume(by_number, named);
        if matches!(resume, Resume::Event { .. }) {
            self.seen.note("resumed by event number");
        }
        let new = Box::new(self.new_tab(gateway, resume));
        self.attach(client, gateway, new, None);
    }

    pub(super) fn attach(
        &mut self,
        client: usize,
        gateway: usize,
        new: Box<NewTab>,
        log: Option<LogAnswer>,
    ) {
        let user = self.clients[client].user;
        let key = self.new_key(user);
        let honoured = matches!(log, Some(LogAnswer::Page(_)));
        let shard = self.gateways[gateway].shard(user);
        let position = shard.position();
        let sessions = shard.sessions();
        self.clients[client].state = match shard.attach(key, &new, log, self.now) {
            Attach::NeedsLog { after, through } => {
                assert_eq!((shard.sessions(), through), (sessions, position));
                let answer = self.world.answer(user, after, &mut self.rng);
                State::Asking {
                    gateway,
                    new,
                    answer,
                }
            }
            Attach::Attached(_) => {
                let had = self.clients[client].position();
                if honoured && had > position {
                    self.seen.note("attach to a lagging gateway");
                }
                State::On(Box::new(Connection::new(gateway, key, position, had)))
            }
        };
    }

    /// The server answers what the client's connection waits for, or cannot.
    pub(super) fn answer(&mut self, client: usize) {
        let fails = self.rng.chance(5);
        match std::mem::replace(&mut self.clients[client].state, State::Away) {
            State::Asking { .. } if fails => {}
            State::Asking {
                gateway,
                new,
                answer,
            } => {
                self.attach(client, gateway, new, Some(answer));
            }
            State::On(mut on) => {
                if let Some((after, through)) = on.asked.take() {
                    self.load(client, &on, after, through, fails);
                    on.ready = true;
                }
                self.clients[client].state = State::On(on);
            }
            State::Away => {}
        }
    }

    pub(super) fn load(
        &mut self,
        client: usize,
        on: &Connection,
        after: Pos,
        through: Pos,
        fails: bool,
    ) {
        let user = self.clients[client].user;
        let page = match self.world.answer(user, after, &mut self.rng) {
            LogAnswer::Page(page) if !fails => Some(page),
            LogAnswer::Page(_) | LogAnswer::Refused(_) => None,
        };
        match &page {
            None => self.seen.note("page not had"),
            Some(page) if page.entries.last().is_some_and(|last| last.pos() > through) => {
                self.seen.note("page cut at its target");
            }
            Some(page) if !page.more && page.through < through => {
                self.seen.note("page short of its target");
            }
            Some(_) => {}
        }
        let shard = self.gateways[on.gateway].shard(user);
        shard.handle_log(on.key, page);
    }

    pub(super) fn disconnect(&mut self, client: usize) {
        let one = &mut self.clients[client];
        if let State::On(on) = std::mem::replace(&mut one.state, State::Away) {
            if on.is_replaying() {
                self.seen.note("drop in the middle of a replay");
            }
            let shard = self.gateways[on.gateway].shard(one.user);
            shard.detach(on.key, self.now);
            assert_eq!(shard.outputs(on.key).next(), None);
        }
    }

    /// Somebody who asks for anything at all. What is not in the log is not honoured.
    pub(super) fn stranger(&mut self, gateway: usize) {
        let resume = match self.rng.range(0, 4) {
            0 => Resume::Bad,
            1 => Resume::At(Pos(MAX_SAFE_INTEGER)),
            2 => Resume::Event {
                seq: Seq((self.rng.next() >> 11) as i64),
                session: self.rng.chance(50).then(|| "another".to_owned()),
            },
            _ => {
                let beyond = self.world.head().get() as usize + 30;
                Resume::At(Pos(self.rng.range(0, beyond) as i64))
            }
        };
        let user = self.rng.range(1, USERS as usize) as i64;
        let new = self.new_tab(gateway, resume);
        let key = self.new_key(user);
        let now = self.now;
        let shard = self.gateways[gateway].shard(user);
        if let Attach::NeedsLog { after, .. } = shard.attach(key, &new, None, now) {
            let answer = self.world.answer(user, after, &mut self.rng);
            let attach = shard.attach(key, &new, Some(answer), now);
            assert!(matches!(attach, Attach::Attached(_)));
        }
        let hello = shard.outputs(key).next();
        shard.detach(key, now);
        let known = match new.resume {
            Resume::At(pos) => self.world.row_at(pos).is_some(),
            Resume::Fresh | Resume::Event { .. } | Resume::Bad => false,
        };
        self.check_stranger(hello, known);
    }

    pub(super) fn check_stranger(&mut self, hello: Option<Output>, known: bool) {
        let Some(Output::Frame { bytes, .. }) = hello else {
            panic!("hello is first");
        };
        let frame = serde_json::from_slice(&bytes).expect("a server frame");
        let ServerFrame::Hello {
            resumed, reason, ..
        } = frame
        else {
            panic!("hello is first");
        };
        assert!(
            known || resumed == Resumed::Resync,
            "an unknown position was honoured"
        );
        note_hello(&mut self.seen, resumed, reason);
    }
}
