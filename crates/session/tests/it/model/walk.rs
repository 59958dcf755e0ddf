//! The steps of the walk, and the quiet at its end.

use std::{sync::Arc, time::Duration};

use antiphon_api::ids::UnixMs;
use antiphon_session::{Config, Now, Output, Received, TabId, TabKey};
use antiphon_test_support::Rng;

use super::{
    client::{Client, Numbers, State},
    world::{Gateway, Seen, World},
};
use crate::stage::origin;

/// The users of the clients: three of them share a session.
const CLIENTS: [i64; 5] = [1, 1, 1, 2, 3];
/// Enough for any client to come to rest.
const QUIET_ROUNDS: usize = 4000;

pub(crate) struct Walk {
    pub(super) rng: Rng,
    pub(super) config: Arc<Config>,
    pub(super) world: World,
    pub(super) gateways: Vec<Gateway>,
    pub(super) clients: Vec<Client>,
    pub(super) numbers: Numbers,
    pub(super) seen: Seen,
    pub(super) now: Now,
    pub(super) ids: u64,
}

fn tiny(rng: &mut Rng) -> Config {
    let roomy = if rng.chance(40) { 8 } else { 1 };
    Config {
        ring_events: rng.range(1, 6 * roomy),
        ring_bytes: rng.range(60, 400 * roomy),
        shard_ring_bytes: rng.range(100, 800 * roomy),
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
        self.end();
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
            880..940 => self.snapshot(client),
            940..955 => self.stranger(gateway),
            955..978 => self.pass_time(),
            978..980 => self.world.prune(&mut self.rng),
            980..990 => self.begin_with_snapshot(client, gateway),
            990..993 => self.restart(gateway),
            993..996 => self.renew(gateway),
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
            let again = self.rng.chance(5);
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
            match shard.outputs(key).next() {
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
                if self.rng.chance(80) {
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

    fn renew(&mut self, gateway: usize) {
        let mut wake = Vec::new();
        for shard in self.gateways[gateway].shards() {
            shard.renew(&mut wake);
        }
        self.wake(&wake);
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

    /// Everybody leaves, and nothing stays behind.
    fn end(&mut self) {
        for client in 0..self.clients.len() {
            self.disconnect(client);
        }
        self.now.at += self.config.linger;
        for shard in self.gateways.iter_mut().flat_map(Gateway::shards) {
            shard.sweep(self.now);
            let left = (shard.tabs(), shard.sessions(), shard.ring_bytes());
            assert_eq!(left, (0, 0, 0), "tabs, sessions or bytes stayed behind");
        }
    }

    fn is_quiet(&self, client: usize) -> bool {
        let one = &self.clients[client];
        let on = matches!(&one.state, State::On(on) if !on.ready && on.asked.is_none());
        on && !one.owes_snapshot
    }
}
