//! The tabs: two of every user, each wherever it can get.

use std::{sync::atomic::Ordering, time::Duration};

use antiphon_test_support::{Follower, Install, Rng};

use super::{World, id};

/// What is sent last, twice: who has heard it once would hear anything that comes again before
/// the second.
const LAST: [&str; 2] = ["the last word", "the very last word"];

pub(super) fn all(world: &World, install: &Install) -> Vec<Follower> {
    let tabs = world.users.iter().chain(&world.users);
    tabs.map(|user| Follower::new(*user, install.position(*user)))
        .collect()
}

/// Follows, now here and now there, until the last word.
pub(super) fn read(world: &World, mut follower: Follower, mut rng: Rng) -> Follower {
    while !world.over.load(Ordering::SeqCst) {
        if rng.chance(1) {
            follower.leave();
        }
        follower.step(
            rng.pick::<String>(&world.gateways),
            Duration::from_millis(20),
        );
    }
    follower.follow(&world.gateways[0], "the last word", |follower| {
        follower.heard(LAST[1]) > 0
    });
    follower
}

pub(super) fn say_the_last_word(world: &World, install: &Install) {
    for body in LAST {
        install.send(world.users[0], world.fixed[0].0, body);
    }
}

/// Tabs that come back once, at the end, to one of the positions that others have been at.
pub(super) fn late(world: &World, followers: &[Follower], rng: &mut Rng) -> Vec<Follower> {
    let again = |follower: &Follower| {
        let known = follower.events.len();
        let start = match rng.below(known + 1) {
            0 => follower.start,
            number => id(&follower.events[number - 1]["pos"]),
        };
        let mut late = Follower::new(follower.user, start);
        if start < follower.pos {
            late.follow(
                rng.pick::<String>(&world.gateways),
                "what it missed",
                |late| late.is_live() && late.pos >= follower.pos,
            );
        }
        late
    };
    followers.iter().map(again).collect()
}
