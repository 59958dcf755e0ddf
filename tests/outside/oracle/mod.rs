//! The oracle: whatever happens, everybody's picture adds up.
//!
//! A seed makes a [`plan`](plan::Plan) of 200 steps for 8 users with 3 tabs each: calls of all
//! methods, tabs that go and come back, and servers and gateways that are killed. It is [played](play)
//! over real processes and sockets, by the Rust client's own cursor and reducer, and after some of
//! its steps everything is [looked](play::Play::look) at:
//!
//! - [`checks::equation`]: for every user and every two cuts P and Q, snapshot(P) and the user's
//!   events in (P, Q] make snapshot(Q), and a suffix that comes twice changes nothing;
//! - [`checks::delivery`]: each tab hears what its user is to hear, once, in order, unchanged and
//!   numbered without a gap, and nobody hears anything else;
//! - [`checks::replay`]: what the log replays to a user is the same;
//! - [`checks::rooms`]: who is to hear an event follows from the events before it alone;
//! - [`checks::introduced`]: what an event names, an earlier one has introduced;
//! - [`checks::counts`], [`checks::holdings`] and [`checks::documents`]: counts, roles, wishes,
//!   huddles, messages and canvases are what the tables say;
//! - [`checks::revisions`]: with every change an entity's revision rises;
//! - [`checks::answers`]: what a query answers, page by page, is what the tables and the caller's
//!   snapshot say at its position, and who may not see it gets nothing;
//! - [`schemas`]: every event and every result is what openrpc.json says, and nothing more;
//! - all tabs of a user have the state of a fresh snapshot, a refused call has changed nothing, and
//!   a call that is repeated with its key has one answer and one effect.
//!
//! The calls of a few plans are also made four at a time, while somebody takes snapshots.
//!
//! Over all seeds of a run [`catalogue`] tells which methods and events were never reached.
//!
//! # How to add a step
//!
//! Every method has one line in the table `STEPS` of `steps/<family>.rs`: its name, how often it is
//! drawn beside the others (1 is once in about a hundred steps), and a function that makes its
//! params. What only a run can know is a reference: `one_of("message.own", rng)`, or
//! `mostly("message.own", "message.any", rng)` so that some calls are refused; the queries behind
//! the names stand in `steps/queries.rs`, and where one finds nothing for the caller, another user
//! calls. `.by_operator()` for an internal method,
//! `.relaying("presence.changed")` for a mutation whose event is ephemeral and has the caller's
//! `user_id`. A new family is also a line in
//! `FAMILIES` in `steps/mod.rs`. A step must not take from users 1 to 8 what every look needs, such
//! as the right to a snapshot: `user.without_tabs` finds others.
//!
//! A new event needs nothing if the catalogue's words for its audience are known to `checks/rooms.rs`
//! (in the log) or `checks/delivery.rs` (ephemeral); one that changes who is where needs a line in
//! `Rooms::hear`. An id that has to be introduced is an entry of `checks/introduced.rs`; a count that
//! a snapshot carries belongs into `checks/counts.rs`, anything else into `checks/holdings.rs`. A new
//! query has a line in a table of `checks/answers`, and one in `play/ask.rs` if it is to be asked of
//! everything. Then
//!
//! ```text
//! cargo build -p antiphon-cli && cargo test -p outside-tests oracle
//! ```
//!
//! # When it fails
//!
//! The plan is saved, shrunk and saved again; both paths are printed. `ANTIPHON_PLAN=FILE cargo
//! test -p outside-tests oracle` plays a file, `ANTIPHON_SEED=N` one seed, `ANTIPHON_ORACLE_SEEDS=N`
//! that many.

mod catalogue;
mod checks;
mod plan;
mod play;
mod schemas;
mod shrink;
mod stage;
mod steps;
mod tab;

use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use catalogue::Catalogue;
use plan::{Plan, Step};
use shrink::{Budget, shrink};

const SEEDS: u64 = 50;
const SEEDS_AT_ONCE: u64 = 5;
/// How many plans are played at once.
const AT_ONCE: usize = 2;
/// What shrinking a failing plan may cost.
const ATTEMPTS: usize = 120;
const PATIENCE_TO_SHRINK: Duration = Duration::from_secs(300);

#[test]
fn whatever_happens_every_picture_adds_up_and_the_catalogue_is_complete() {
    if let Some(file) = std::env::var_os("ANTIPHON_PLAN") {
        played(&Plan::load(Path::new(&file))).expect("the plan holds");
        return;
    }
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    if let Some(seed) = number("ANTIPHON_SEED") {
        let catalogue = holds(seed).unwrap_or_else(|failure| panic!("{failure}"));
        println!("{}", catalogue.report());
        return;
    }
    let catalogue = play_all(number("ANTIPHON_ORACLE_SEEDS").unwrap_or(SEEDS));
    println!("{}", catalogue.report());
    let gaps = catalogue.gaps();
    assert!(gaps.is_empty(), "the plans do not reach all: {gaps:#?}");
}

#[test]
fn every_picture_adds_up_while_four_write_and_one_reads_at_once() {
    let one = std::env::var("ANTIPHON_SEED").ok();
    let one = one.and_then(|seed| seed.parse().ok());
    let seeds = one.map_or(100..100 + SEEDS_AT_ONCE, |seed: u64| seed..seed + 1);
    for seed in seeds {
        let held = on_a_thread(async move || play::play_at_once(&Plan::of(seed)).await);
        held.unwrap_or_else(|failure| panic!("again with ANTIPHON_SEED={seed}: {failure}"));
    }
}

/// Plays the plans of the first `count` seeds; panics with the first that fails.
fn play_all(count: u64) -> Catalogue {
    let (next, failed) = (AtomicU64::new(0), AtomicBool::new(false));
    let all = Mutex::new(Ok(Catalogue::default()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while !failed.load(Ordering::SeqCst) {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= count {
                        return;
                    }
                    let held = holds(seed);
                    failed.fetch_or(held.is_err(), Ordering::SeqCst);
                    let mut all = all.lock().expect("nobody panics with it");
                    match (all.as_mut(), held) {
                        (Ok(all), Ok(held)) => all.add(held),
                        (Ok(_), Err(failure)) => *all = Err(failure),
                        (Err(_), _) => {}
                    }
                }
            });
        }
    });
    let all = all.into_inner().expect("nobody panicked with it");
    all.unwrap_or_else(|failure| panic!("{failure}"))
}

/// Plays the plan of a seed; one that fails is saved and shrunk.
fn holds(seed: u64) -> Result<Catalogue, String> {
    let plan = Plan::of(seed);
    played(&plan).map_err(|failure| {
        let whole = save(&plan, "");
        let budget = Budget::new(ATTEMPTS, PATIENCE_TO_SHRINK);
        let mut last = failure.clone();
        let steps: Vec<Step> = shrink(plan.steps.clone(), budget, |steps| {
            let held = played(&plan.with(steps.to_vec()));
            held.map_err(|failure| last = failure).is_err()
        });
        let shrunk = plan.with(steps);
        let small = save(&shrunk, "-shrunk");
        format!(
            "seed {seed}: {failure}\nits plan: ANTIPHON_PLAN={}\nshrunk to {} steps: \
             ANTIPHON_PLAN={}\n{}that fails with: {last}",
            whole.display(),
            shrunk.steps.len(),
            small.display(),
            shrunk.told(),
        )
    })
}

fn save(plan: &Plan, suffix: &str) -> PathBuf {
    let name = format!("oracle-{}{suffix}.json", plan.seed);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    plan.save(&path);
    path
}

/// What a plan reaches, or how it fails.
fn played(plan: &Plan) -> Result<Catalogue, String> {
    let plan = plan.clone();
    on_a_thread(async move || play::play(&plan).await)
}

/// Runs something on a thread of its own, so that its panic is an answer.
fn on_a_thread<T: Send + 'static>(
    work: impl AsyncFnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(work())
    });
    thread.join().map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        text.unwrap_or_default()
    })
}
