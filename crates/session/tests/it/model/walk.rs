//! The steps of the walk, and the quiet at its end.

use std::{sync::Arc, time::Duration};

use antiphon_api::{
    ids::{Pos, Principal, Seq, UnixMs, UserId},
    resume::Resumed,
};
use antiphon_session::{
    Attach, Config, LogAnswer, NewTab, Now, Output, Received, Resume, TabId, TabKey,
};

use super::{
    client::{Client, Connection, Numbers, State},
    rng::Rng,
    world::{Gateway, Seen, USERS, World},
};
use crate::stage::origin;

/// The users of the clients: two of them share a session.
const CLIENTS: [i64; 4] = [1, 1, 2, 3];
/// Enough for any client to come to rest.
const QUIET_ROUNDS: usize = 4000;

pub(crate) struct Walk {
    rng: Rng,
    config: Arc<Config>,
    world: World,
    gateways: Vec<Gateway>,
    clients: Vec<Client>,
    numbers: Numbers,
    seen: Seen,
    now: Now,
    ids: u64,
}

fn tiny(rng: &mut Rng) -> Config {
    Config {
        ring_events: rng.range(1, 6),
        ring_bytes: rng.range(60, 400),
        shard_ring_bytes: rng.range(100, 800),
        linger: Duration::from_secs(rng.range(5, 60) as u64),
        ..Config::default()
    }
}

impl Walk {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let config = Arc::new(tiny(&mut rng));
        let world = World::new(&mut rng);
        let gateways = rng.range(1, 2);
        let gateway = |_| Gateway::new(&config, &world, 0);
        Self {
            gateways: (0..gateways).map(gateway).collect(),
            clients: CLIENTS.into_iter().map(Client::new).collect(),
            numbers: Numbers::new(),
            seen: Seen::default(),
            now: Now {
                at: origin(),
                unix_ms: UnixMs(0),
            },
            ids: 0,
            rng,
            config,
            world,
        }
    }

    pub(crate) fn run(mut self, steps: usize) -> Seen {
        for _ in 0..steps {
            self.step();
        }
        self.come_to_rest();
        self.seen
    }

    fn step(&mut self) {
        let gateway = self.rng.range(0, self.gateways.len() - 1);
        let client = self.rng.range(0, self.clients.len() - 1);
        match self.rng.range(0, 999) {
            0..60 => self.append(),
            60..210 => self.follow(gateway),
            210..650 => self.pull(client),
            650..780 => self.answer(client),
            780..860 => self.connect(client, gateway),
            860..880 => self.disconnect(client),
            880..930 => self.snapshot(client),
            930..945 => self.stranger(gateway),
            945..975 => self.pass_time(),
            975..980 => self.world.prune(&mut self.rng),
            980..990 => self.begin_with_snapshot(client, gateway),
            990..995 => self.restart(gateway),
            _ => self.reset(gateway),
        }
    }

    fn append(&mut self) {
        for _ in 0..self.rng.range(1, 8) {
            self.world.append(&mut self.rng);
        }
    }

    fn follow(&mut self, gateway: usize) {
        let mut wake = Vec::new();
        for _ in 0..self.rng.range(1, 6) {
            let again = self.rng.percent(5);
            if again {
                self.seen.note("envelope seen twice");
            }
            self.gateways[gateway].follow(&self.world, again, &mut wake);
        }
        self.wake(&wake);
    }

    fn wake(&mut self, tabs: &[TabId]) {
        for client in &mut self.clients {
            if let State::On(on) = &mut client.state
                && tabs.contains(&on.key.tab)
            {
                assert!(std::mem::take(&mut on.idle), "woken while it was awake");
                on.ready = true;
            }
        }
    }

    fn new_tab(&mut self, gateway: usize, resume: Resume) -> NewTab {
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

    fn new_key(&mut self, user: i64) -> TabKey {
        self.ids += 1;
        TabKey {
            principal: Principal::User(UserId(user)),
            tab: TabId(self.ids),
        }
    }

    fn connect(&mut self, client: usize, gateway: usize) {
        if !matches!(self.clients[client].state, State::Away) {
            return;
        }
        let (by_number, named) = (self.rng.percent(30), self.rng.percent(50));
        let resume = self.clients[client].resume(by_number, named);
        if matches!(resume, Resume::Event { .. }) {
            self.seen.note("resumed by event number");
        }
        let new = Box::new(self.new_tab(gateway, resume));
        self.attach(client, gateway, new, None);
    }

    fn attach(&mut self, client: usize, gateway: usize, new: Box<NewTab>, log: Option<LogAnswer>) {
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
            Attach::Attached => {
                let had = self.clients[client].position();
                if honoured && had > position {
                    self.seen.note("attach to a lagging gateway");
                }
                State::On(Box::new(Connection::new(gateway, key, position, had)))
            }
        };
    }

    /// The server answers what the client's connection waits for, or cannot.
    fn answer(&mut self, client: usize) {
        let fails = self.rng.percent(5);
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

    fn load(&mut self, client: usize, on: &Connection, after: Pos, through: Pos, fails: bool) {
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

    /// The client's socket takes a few outputs, if its tab was woken since it had none.
    fn pull(&mut self, client: usize) {
        for _ in 0..self.rng.range(1, 6) {
            let one = &mut self.clients[client];
            let State::On(on) = &mut one.state else {
                return;
            };
            if !on.ready {
                return;
            }
            on.idle = false;
            let (key, gateway) = (on.key, on.gateway);
            let shard = self.gateways[gateway].shard(one.user);
            match shard.poll_output(key) {
                Some(output) => self.take(client, key, gateway, output),
                None => (on.ready, on.idle) = (false, true),
            }
        }
    }

    fn take(&mut self, client: usize, key: TabKey, gateway: usize, output: Output) {
        let one = &mut self.clients[client];
        match output {
            Output::Frame { bytes, .. } => {
                let frame = serde_json::from_slice(&bytes).expect("a server frame");
                one.frame(&self.world, &mut self.seen, &frame);
                if self.rng.percent(80) {
                    let shard = self.gateways[gateway].shard(one.user);
                    shard.handle_received(key, Received::Pong, self.now);
                }
            }
            Output::Event { seq, entry } => {
                let pos = entry.pos();
                one.event(&self.world, &mut self.numbers, &mut self.seen, seq, pos);
            }
            Output::NeedLog { after, through } => {
                if let State::On(on) = &mut one.state {
                    assert_eq!(on.asked.replace((after, through)), None, "asked twice");
                    if on
                        .target
                        .replace(through)
                        .is_some_and(|last| last < through)
                    {
                        self.seen.note("another round to a new target");
                    }
                }
            }
            Output::Close(_) => self.disconnect(client),
            Output::Ephemeral(_) => unreachable!("none are relayed"),
        }
    }

    fn disconnect(&mut self, client: usize) {
        let one = &mut self.clients[client];
        if let State::On(on) = std::mem::replace(&mut one.state, State::Away) {
            if on.is_replaying() {
                self.seen.note("drop in the middle of a replay");
            }
            let shard = self.gateways[on.gateway].shard(one.user);
            shard.detach(on.key, self.now);
            assert_eq!(shard.poll_output(on.key), None);
        }
    }

    fn snapshot(&mut self, client: usize) {
        let one = &mut self.clients[client];
        match one.snapshot {
            Some(at) => one.take_snapshot(&self.world, at),
            None if one.can_ask_for_snapshot() => one.snapshot = Some(self.world.head()),
            None => {}
        }
    }

    fn begin_with_snapshot(&mut self, client: usize, gateway: usize) {
        if matches!(self.clients[client].state, State::Away) {
            self.clients[client].begin_with_snapshot(&self.world);
            self.seen.note("snapshot before connecting");
            self.connect(client, gateway);
        }
    }

    /// Somebody who asks for anything at all. What is not in the log is not honoured.
    fn stranger(&mut self, gateway: usize) {
        let resume = match self.rng.range(0, 4) {
            0 => Resume::Bad,
            1 => Resume::At(Pos(antiphon_api::ids::MAX_SAFE_INTEGER)),
            2 => Resume::Event {
                seq: Seq((self.rng.next() >> 11) as i64),
                session: self.rng.percent(50).then(|| "another".to_owned()),
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
            assert_eq!(attach, Attach::Attached);
        }
        let hello = shard.poll_output(key);
        shard.detach(key, now);
        let known = match new.resume {
            Resume::At(pos) => self.world.row_at(pos).is_some(),
            Resume::Fresh | Resume::Event { .. } | Resume::Bad => false,
        };
        self.check_stranger(hello, known);
    }

    fn check_stranger(&mut self, hello: Option<Output>, known: bool) {
        let Some(Output::Frame { bytes, .. }) = hello else {
            panic!("hello is first");
        };
        let frame = serde_json::from_slice(&bytes).expect("a server frame");
        let antiphon_api::frame::ServerFrame::Hello {
            resumed, reason, ..
        } = frame
        else {
            panic!("hello is first");
        };
        assert!(
            known || resumed == Resumed::Resync,
            "an unknown position was honoured"
        );
        super::client::note_hello(&mut self.seen, resumed, reason);
    }

    fn pass_time(&mut self) {
        self.now.at += Duration::from_secs(self.rng.range(1, 8) as u64);
        for client in &mut self.clients {
            if let State::On(on) = &mut client.state {
                let shard = self.gateways[on.gateway].shard(client.user);
                if shard
                    .poll_timeout(on.key)
                    .is_some_and(|at| at <= self.now.at)
                {
                    shard.handle_timeout(on.key, self.now);
                    on.ready = true;
                }
            }
        }
        for shard in self.gateways.iter_mut().flat_map(Gateway::shards) {
            if shard.sweep(self.now) > 0 {
                self.seen.note("session swept");
            }
        }
    }

    fn restart(&mut self, gateway: usize) {
        let last = self.world.rows.len() - 1;
        let at = self.rng.range(self.gateways[gateway].last, last);
        self.gateways[gateway] = Gateway::new(&self.config, &self.world, at);
        for client in &mut self.clients {
            if matches!(&client.state, State::On(on) if on.gateway == gateway)
                || matches!(&client.state, State::Asking { gateway: asking, .. } if *asking == gateway)
            {
                client.state = State::Away;
            }
        }
    }

    fn reset(&mut self, gateway: usize) {
        let mut wake = Vec::new();
        for shard in self.gateways[gateway].shards() {
            shard.reset(shard.position(), &mut wake);
            assert_eq!((shard.sessions(), shard.ring_bytes()), (0, 0));
        }
        self.wake(&wake);
    }

    /// Faults end: everything is delivered, answered and pulled until nothing moves.
    fn come_to_rest(&mut self) {
        for gateway in 0..self.gateways.len() {
            let mut wake = Vec::new();
            while self.gateways[gateway].follow(&self.world, false, &mut wake) {}
            self.wake(&wake);
        }
        for client in 0..self.clients.len() {
            for _ in 0..QUIET_ROUNDS {
                if self.is_quiet(client) {
                    break;
                }
                self.connect(client, 0);
                self.answer(client);
                self.pull(client);
                self.snapshot(client);
            }
            assert!(self.is_quiet(client), "a client did not come to rest");
            self.clients[client].assert_whole(&self.world, self.world.head());
        }
    }

    fn is_quiet(&self, client: usize) -> bool {
        let one = &self.clients[client];
        let on = matches!(&one.state, State::On(on) if !on.ready && on.asked.is_none());
        on && !one.owes_snapshot
    }
}
