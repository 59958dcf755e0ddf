//! What outlives a tab, and what a ring holds.

use std::time::Duration;

use antiphon_api::ids::Pos;
use antiphon_session::{Attach, Config, Entry, Resume};

use crate::stage::{Stage, at, entry, new_tab, user};

#[test]
fn a_session_outlives_its_last_tab_by_exactly_its_linger() {
    let mut stage = Stage::new(Config {
        linger: Duration::from_millis(120),
        ..Config::default()
    });
    let (one, two) = (stage.live_tab(), stage.live_tab());
    stage.publish(&[11]);
    stage.detach(one);
    stage.at_ms(50).detach(two);
    let now = stage.at_ms(169).now();
    assert_eq!(stage.shard.sweep(now), 0);
    assert_eq!((stage.shard.sessions(), stage.shard.tabs()), (1, 0));
    let now = stage.at_ms(170).now();
    assert_eq!(stage.shard.sweep(now), 1);
    assert_eq!((stage.shard.sessions(), stage.shard.ring_bytes()), (0, 0));
}

#[test]
fn a_session_with_a_tab_is_never_swept() {
    let mut stage = Stage::new(Config::default());
    let key = stage.live_tab();
    stage.detach(key);
    let back = stage.at_ms(119_000).attach(at(10));
    let now = stage.at_ms(10_000_000).now();
    assert_eq!(stage.shard.sweep(now), 0);
    assert_eq!(stage.pull(back), "hello Ring, live 100@10 after 0");
}

#[test]
fn a_lingering_session_goes_on_counting() {
    let mut stage = Stage::new(Config::default());
    let key = stage.live_tab();
    stage.detach(key);
    assert_eq!(stage.publish(&[11]), []);
    let back = stage.attach(at(10));
    assert_eq!(stage.pull(back), "hello Ring, 101@11, live 101@11 after 1");
}

#[test]
fn a_detached_tab_has_no_output_and_is_ignored() {
    let mut stage = Stage::new(Config::default());
    let key = stage.live_tab();
    stage.detach(key);
    stage.detach(key);
    stage.publish(&[11]);
    assert!(!stage.shard.begin_call(key));
    assert_eq!(stage.tick(key), "");
    assert_eq!(stage.shard.tabs(), 0);
}

#[test]
fn a_ring_over_its_bytes_keeps_the_newest_event_however_large() {
    let mut stage = Stage::new(Config {
        ring_bytes: 100,
        ..Config::default()
    });
    let key = stage.live_tab();
    stage.publish(&[11, 12]);
    let large = Entry::new(Pos(13), &format!("{{\"x\":\"{}\"}}", "y".repeat(200))).unwrap();
    stage.shard.publish(&large, [user(1)], &mut Vec::new());
    assert_eq!(stage.shard.ring_bytes(), large.len());
    let late = stage.attach(at(12));
    assert_eq!(stage.pull(late), "hello Ring, 103@13, live 103@13 after 1");
    assert_eq!(stage.pull(key), "need 10..13");
    stage.publish(&[14]);
    assert_eq!(stage.shard.ring_bytes(), entry(14).len());
}

#[test]
fn a_ring_of_exactly_its_bytes_keeps_all() {
    let two = entry(11).len() * 2;
    let mut stage = Stage::new(Config {
        ring_bytes: two,
        ..Config::default()
    });
    let key = stage.live_tab();
    stage.publish(&[11, 12]);
    assert_eq!(stage.shard.ring_bytes(), two);
    assert_eq!(stage.pull(key), "101@11, 102@12");
}

#[test]
fn over_the_shards_budget_the_ring_being_pushed_to_gives_up_its_oldest() {
    let size = entry(11).len();
    let mut stage = Stage::new(Config {
        shard_ring_bytes: size * 3,
        ..Config::default()
    });
    let mine = stage.live_tab();
    let mut theirs = stage.key();
    theirs.principal = user(2);
    let now = stage.now();
    let attach = stage
        .shard
        .attach(theirs, &new_tab(Resume::Fresh), None, now);
    assert!(matches!(attach, Attach::Attached(_)), "{attach:?}");
    stage.publish(&[11, 12]);
    for pos in [13, 14, 15] {
        stage.shard.publish(&entry(pos), [user(2)], &mut Vec::new());
    }
    assert_eq!(stage.shard.ring_bytes(), size * 3);
    assert_eq!(stage.pull(mine), "101@11, 102@12", "the other ring paid");
    assert_eq!(
        stage.pull(theirs),
        "hello Fresh, live 100@10 after 0, need 10..15"
    );
    stage.publish(&[16]);
    assert_eq!(stage.pull(mine), "103@16", "its newest stays");
}
