//! A random walk through a world with one log, a server that prunes, refuses and fails, gateways
//! that lag, restart and have rings of a few events, clients that follow the protocol's rules, and
//! strangers that follow none.
//!
//! Proves invariants 3 and 4. A client applies its user's next event and no other, so that a
//! gap, a repetition or somebody else's event ends the walk at once; each `live` and `ping` is held
//! against the log; and a tab is polled only when it was woken, so that a lost wake leaves its client
//! behind at the end. `ANTIPHON_SEED=n` walks one seed,
//! `ANTIPHON_MODEL_SEEDS=n` so many.

mod client;
mod connecting;
mod walk;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use self::{walk::Walk, world::Seen};

const SEEDS: u64 = 300;
const STEPS: usize = 1500;

#[test]
fn every_client_ends_with_exactly_its_users_events() {
    let mut seen = Seen::default();
    let number = |name: &str| {
        let text = std::env::var(name).ok()?;
        Some(text.parse::<u64>().expect("a seed is a number"))
    };
    let one = number("ANTIPHON_SEED");
    let all = 0..number("ANTIPHON_MODEL_SEEDS").unwrap_or(SEEDS);
    for seed in one.map_or(all, |seed| seed..seed + 1) {
        let walk = AssertUnwindSafe(|| Walk::new(seed).run(STEPS));
        match catch_unwind(walk) {
            Ok(more) => seen.add(more),
            Err(panic) => {
                eprintln!("ANTIPHON_SEED={seed}");
                resume_unwind(panic);
            }
        }
    }
    println!("{seen:?}");
    if one.is_none() {
        seen.assert_all();
    }
}
