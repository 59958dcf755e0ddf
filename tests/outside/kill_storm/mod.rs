//! Invariants 1 to 5, 9 and 10 under `kill -9`.
//!
//! Four writers change things as ten users while the server, the gateways and all of them together
//! are killed at random moments; two tabs of every user follow. Afterwards [`checker`] holds what
//! the writers were answered and what the tabs heard against the database, which it reads with
//! statements of its own. Nothing here uses code of the system.
//!
//! The seed is printed. `ANTIPHON_STORM_SEED` repeats one (the choices, not the scheduler's),
//! `ANTIPHON_STORM_SEEDS=n` runs more.

mod checker;
mod readers;
mod writers;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use antiphon_test_support::{Follower, Http, Install, Node, Rng, eventually};
use serde_json::{Value, json};

const USERS: usize = 10;
const WRITERS: usize = 4;
const KILLS: usize = 25;
const MUTATIONS: usize = 2_000;

/// Who is where, and how to get there.
struct World {
    users: Vec<i64>,
    /// Channels whose members never change.
    fixed: Vec<(i64, BTreeSet<i64>)>,
    /// Channels whose members change: by one writer each, as the user of the same number.
    churned: Vec<i64>,
    gateways: Vec<String>,
    rpc: PathBuf,
    /// How many mutations are decided.
    written: AtomicUsize,
    /// Whether the tabs have heard all there is.
    over: AtomicBool,
}

#[test]
fn whatever_is_killed_every_answered_mutation_is_heard_once_and_in_order_by_whom_it_concerns() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seeds = number("ANTIPHON_STORM_SEEDS").unwrap_or(1);
    for _ in 0..seeds {
        let seed = number("ANTIPHON_STORM_SEED").unwrap_or_else(|| u64::from(random()));
        println!("seed: ANTIPHON_STORM_SEED={seed}");
        storm(&mut Rng::new(seed));
    }
}

fn random() -> u32 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let random = RandomState::new().build_hasher().finish();
    u32::try_from(random >> 32).expect("32 bits are left")
}

fn storm(rng: &mut Rng) {
    let mut install = Install::new();
    install.start_server();
    let mut nodes = [install.start_gateway(), install.start_gateway()];
    let world = populate(&install, &nodes);
    let followers = readers::all(&world, &install);
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        let reading: Vec<_> = followers
            .into_iter()
            .map(|follower| {
                let (world, rng) = (&world, Rng::new(rng.next()));
                scope.spawn(move || readers::read(world, follower, rng))
            })
            .collect();
        let writing: Vec<_> = (0..WRITERS)
            .map(|number| {
                let (world, done, rng) = (&world, &done, Rng::new(rng.next()));
                scope.spawn(move || {
                    let records = writers::write(world, number, rng);
                    done.lock().expect("no writer panics").extend(records);
                })
            })
            .collect();
        let killed = kill(&world, &mut install, &mut nodes, rng);
        for writer in writing {
            writer.join().expect("the writer ends well");
        }
        world.over.store(true, Ordering::SeqCst);
        readers::say_the_last_word(&world, &install);
        let followers: Vec<_> = reading
            .into_iter()
            .map(|reader| reader.join().expect("the reader ends well"))
            .collect();
        let late = readers::late(&world, &followers, rng);
        install.stop_server();
        let records = std::mem::take(&mut *done.lock().expect("no writer panics"));
        report(&killed, &records, &followers);
        checker::check(&world, &install.database(), &records, &followers, &late);
    });
}

/// Kills and starts again, at random moments but no faster than the writers get on.
fn kill(
    world: &World,
    install: &mut Install,
    nodes: &mut [Node; 2],
    rng: &mut Rng,
) -> BTreeMap<&'static str, usize> {
    let mut killed = BTreeMap::new();
    for number in 0..KILLS {
        thread::sleep(rng.millis(50, 500));
        eventually("mutations between two kills", || {
            let written = world.written.load(Ordering::SeqCst);
            (written * KILLS >= number * MUTATIONS).then_some(())
        });
        let (what, server, gateways): (_, _, &[usize]) = match (rng.below(4), rng.below(2)) {
            (0, _) => ("server", true, &[]),
            (1, 0) => ("gateway", false, &[0]),
            (1, _) => ("gateway", false, &[1]),
            (2, 0) => ("server and gateway", true, &[0]),
            (2, _) => ("server and gateway", true, &[1]),
            _ => ("everything", true, &[0, 1]),
        };
        *killed.entry(what).or_default() += 1;
        if server {
            install.kill_server();
        }
        for gateway in gateways {
            nodes[*gateway].process.kill();
        }
        thread::sleep(rng.millis(0, 100));
        if server {
            install.start_server();
        }
        for gateway in gateways {
            install.restart_gateway(&mut nodes[*gateway]);
        }
    }
    killed
}

fn populate(install: &Install, nodes: &[Node; 2]) -> World {
    let operator = install.operator();
    let users: Vec<i64> = (0..USERS)
        .map(|number| {
            let params = json!({ "name": format!("storm-{number}") });
            let made = operator.call("user.create", params).expect("a user");
            made["user"]["id"].as_i64().expect("an id")
        })
        .collect();
    let made = install.call(1, "workspace.create", json!({ "name": "storm" }));
    let workspace = made["workspace"]["id"].as_i64().expect("an id");
    for (number, user) in users.iter().enumerate() {
        let role = if number < WRITERS { "admin" } else { "member" };
        let params = json!({ "workspace_id": workspace, "user_id": user, "role": role });
        install.call(1, "workspace.add_member", params);
    }
    let members_of_fixed: [&[usize]; 4] = [
        &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        &[0, 1, 2, 3, 4],
        &[5, 6, 7, 8, 9],
        &[2, 7],
    ];
    let fixed = members_of_fixed.map(|numbers| {
        let members: Vec<i64> = numbers.iter().map(|number| users[*number]).collect();
        let channel = channel(install, workspace, &members);
        (channel, members.into_iter().collect())
    });
    let churned = (0..WRITERS)
        .map(|number| channel(install, workspace, &[users[number]]))
        .collect();
    World {
        users,
        fixed: fixed.into(),
        churned,
        gateways: nodes.iter().map(|node| node.address.clone()).collect(),
        rpc: install.run_dir().join("rpc.sock"),
        written: AtomicUsize::new(0),
        over: AtomicBool::new(false),
    }
}

/// A private channel of these users, the first of whom makes it.
fn channel(install: &Install, workspace: i64, members: &[i64]) -> i64 {
    let params = json!({ "workspace_id": workspace, "kind": "private", "name": "storm" });
    let made = install.call(members[0], "channel.create", params);
    let channel = made["channel"]["id"].as_i64().expect("an id");
    for user in &members[1..] {
        let params = json!({ "channel_id": channel, "user_id": user });
        install.call(members[0], "channel.add_member", params);
    }
    channel
}

impl World {
    /// A way to the server that may be there: through a gateway or past them.
    fn route(&self, user: i64, rng: &mut Rng) -> Http {
        if rng.chance(30) {
            return Http::unix(self.rpc.clone()).with_header("Antiphon-User", &user.to_string());
        }
        let token = format!("Bearer dev:{user}");
        Http::tcp(rng.pick::<String>(&self.gateways)).with_header("Authorization", &token)
    }
}

#[expect(clippy::print_stdout, reason = "the figures of a run")]
fn report(killed: &BTreeMap<&str, usize>, records: &[writers::Record], followers: &[Follower]) {
    let mut outcomes = BTreeMap::<&str, usize>::new();
    for (outcome, count) in followers.iter().flat_map(|follower| &follower.outcomes) {
        *outcomes.entry(outcome).or_default() += count;
    }
    let of = |what: &str| {
        records
            .iter()
            .filter(|record| record.outcome.name() == what)
            .count()
    };
    let repeated = records.iter().filter(|record| record.attempts > 1).count();
    let sum = |count: fn(&Follower) -> usize| followers.iter().map(count).sum::<usize>();
    println!(
        "mutations: {} answered, {} refused, {} given up, {repeated} sent more than once",
        of("answered"),
        of("refused"),
        of("given up"),
    );
    println!("kills: {killed:?}");
    println!(
        "tabs: {}, events heard: {}, dropped: {}, lost: {}, refused: {}, resumes: {outcomes:?}",
        followers.len(),
        sum(|follower| follower.events.len()),
        sum(|follower| follower.dropped),
        sum(|follower| follower.ends.len()),
        sum(|follower| follower.refusals),
    );
}

fn id(value: &Value) -> i64 {
    value.as_i64().expect("an id")
}
