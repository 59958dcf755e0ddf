//! Snapshot(P) and the user's events in (P, Q] make snapshot(Q): for every user, every P and Q,
//! whatever happens in between.
//!
//! Each run is told by its seed, which is printed when it fails; `ANTIPHON_SEED=N` runs that one
//! alone.

mod history;
mod plan;
mod rooms;

use antiphon_api::methods::state::{Snapshot, SnapshotResult};
use antiphon_client::rpc::Rpc;
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{House, Link, Random, call, must};
use history::{History, Starts};
use plan::{Op, World};
use rooms::Rooms;

const USERS: i64 = 6;
const SEEDS: u64 = 10;
const STEPS: usize = 120;

/// Prints how to run a failing seed again.
struct Story {
    seed: u64,
    told: Vec<String>,
}

impl Drop for Story {
    #[expect(clippy::print_stderr, reason = "a failed test tells how to repeat it")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            for line in &self.told {
                eprintln!("{line}");
            }
            eprintln!("again with: ANTIPHON_SEED={}", self.seed);
        }
    }
}

fn seeds(usual: std::ops::Range<u64>) -> Vec<u64> {
    let one = std::env::var("ANTIPHON_SEED").ok();
    match one.and_then(|seed| seed.parse().ok()) {
        Some(seed) => vec![seed],
        None => usual.collect(),
    }
}

/// How far the seeds of a long run go; none unless asked for.
fn long_run() -> u64 {
    let asked = std::env::var("ANTIPHON_EQUATION_SEEDS").ok();
    asked
        .and_then(|seeds| seeds.parse().ok())
        .unwrap_or_default()
}

/// Each seed begins at every fourth snapshot, the next seed at the ones beside those; a seed that
/// is run alone, and each fourth one, at all.
fn starts(seed: u64) -> Starts {
    let alone = std::env::var_os("ANTIPHON_SEED").is_some();
    match usize::try_from(seed % 4).unwrap_or_default() {
        first if first > 0 && !alone => Starts { first, every: 4 },
        _ => Starts { first: 0, every: 1 },
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_and_the_events_after_it_make_every_later_snapshot() {
    for seed in seeds(0..SEEDS / 2) {
        one_after_the_other(seed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_and_the_events_after_it_make_every_later_snapshot_in_other_runs() {
    for seed in seeds(SEEDS / 2..SEEDS.max(long_run())) {
        one_after_the_other(seed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_equation_holds_while_many_write_and_read_at_once() {
    for seed in seeds(100..103) {
        all_at_once(seed).await;
    }
}

async fn one_after_the_other(seed: u64) {
    let mut story = Story {
        seed,
        told: Vec::new(),
    };
    let house = House::of(USERS).await;
    let (mut link, greeting) = Link::open(&house, "equation", None).await;
    let mut random = Random::new(seed);
    let mut world = World::new(USERS);
    let mut history = History::default();
    take_all(&house, &mut history, &mut world).await;
    if !seed.is_multiple_of(4) {
        furnish(&house, &mut world).await;
        take_all(&house, &mut history, &mut world).await;
    }
    for _ in 0..STEPS {
        let op = plan::next(&mut random, &world);
        let before = history.clone_of_newest();
        let outcome = carry_out(&house.operator(), &op).await;
        story.told.push(format!("{op:?}: {outcome:?}"));
        match outcome {
            Ok(result) => world.learn(&op, &result),
            Err(_) => {
                take_all(&house, &mut history, &mut world).await;
                assert_eq!(
                    history.clone_of_newest(),
                    before,
                    "{op:?} changed something"
                );
                continue;
            }
        }
        take_all(&house, &mut history, &mut world).await;
        history.recount(&house.database());
    }
    let heard = link.until(history.last()).await;
    history
        .check(&house, greeting.head, &heard, starts(seed))
        .await;
    let mut rooms = Rooms::default();
    heard.iter().for_each(|heard| rooms.hear(heard));
    history.compare_rooms(&rooms);
}

async fn carry_out(operator: &Rpc, op: &Op) -> Result<serde_json::Value, antiphon_api::RpcError> {
    let rpc = match op.caller {
        0 => operator.clone(),
        user => operator.acting_as(antiphon_api::ids::UserId(user)),
    };
    call(&rpc, op.method, op.params.clone()).await
}

async fn take(rpc: &Rpc) -> SnapshotResult {
    rpc.call::<Snapshot>(&antiphon_api::method::NoParams {})
        .await
        .expect("a user has a snapshot")
}

async fn take_all(house: &House, history: &mut History, world: &mut World) {
    for user in 1..=world.users {
        let snapshot = take(&house.user(user)).await;
        world.see(user, &snapshot);
        history.add(user, snapshot);
    }
}

/// Four write as they like, each by its own seed; two look on.
async fn all_at_once(seed: u64) {
    let _story = Story {
        seed,
        told: Vec::new(),
    };
    let house = House::of(USERS).await;
    let (mut link, greeting) = Link::open(&house, "equation", None).await;
    let mut history = History::default();
    let mut world = World::new(USERS);
    furnish(&house, &mut world).await;
    take_all(&house, &mut history, &mut world).await;
    let mut writers = JoinSet::new();
    for writer in 0..4 {
        let (operator, mut world) = (house.operator(), world.clone());
        let mut random = Random::new(seed * 10 + writer);
        writers.spawn(async move {
            for _ in 0..STEPS / 2 {
                let op = plan::next(&mut random, &world);
                if let Ok(result) = carry_out(&operator, &op).await {
                    world.learn(&op, &result);
                }
            }
        });
    }
    while !writers.is_empty() {
        for user in 1..=USERS {
            history.add(user, take(&house.user(user)).await);
        }
        while writers
            .try_join_next()
            .transpose()
            .expect("a writer ends well")
            .is_some()
        {}
    }
    take_all(&house, &mut history, &mut world).await;
    let heard = link.until(history.last()).await;
    history
        .check(&house, greeting.head, &heard, starts(seed))
        .await;
    let mut rooms = Rooms::default();
    heard.iter().for_each(|heard| rooms.hear(heard));
    history.compare_rooms(&rooms);
}

/// Something to begin with, so that those who act meet in it.
async fn furnish(house: &House, world: &mut World) {
    let owner = house.user(1);
    must(&owner, "workspace.create", json!({ "name": "w" })).await;
    world.workspaces = 1;
    for user in 2..=USERS {
        let role = if user == 2 { "admin" } else { "member" };
        let params = json!({ "workspace_id": 1, "user_id": user, "role": role });
        must(&owner, "workspace.add_member", params).await;
    }
    for name in ["a", "b"] {
        let params = json!({ "workspace_id": 1, "kind": "public", "name": name });
        must(&owner, "channel.create", params).await;
        world.channels += 1;
        for user in 2..USERS {
            let channel = json!({ "channel_id": world.channels });
            must(&house.user(user), "channel.join", channel).await;
        }
    }
}
