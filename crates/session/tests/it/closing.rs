//! The end of a tab, by itself and with all others.

use std::time::Duration;

use antiphon_api::{frame::CloseCode, ids::Pos};
use antiphon_session::{Config, Received, Resume};

use crate::stage::{Stage, at};

#[test]
fn control_frames_are_flushed_then_the_close_comes_once_and_then_nothing() {
    let mut stage = Stage::new(Config::default());
    let key = stage.attach(Resume::Fresh);
    stage.receive(key, Received::Unknown { kind: "x" });
    stage.publish(&[11]);
    stage.shard.finish_call(key, Some(b"[1]".to_vec()));
    stage.shard.close(key, CloseCode::Revoked);
    stage.shard.close(key, CloseCode::TooBig);
    assert_eq!(
        stage.pull(key),
        "hello Fresh, error unknown_type x, close 4014"
    );
    stage.publish(&[12]);
    stage.relay("x", None);
    stage.shard.finish_call(key, Some(b"[2]".to_vec()));
    stage.receive(key, Received::Binary);
    assert_eq!(stage.at_ms(100_000).tick(key), "");
    assert!(!stage.shard.begin_call(key));
    assert_eq!(stage.shard.tabs(), 1);
    stage.detach(key);
    assert_eq!(stage.shard.tabs(), 0);
}

#[test]
fn closing_all_wakes_each_idle_tab_once() {
    let mut stage = Stage::new(Config::default());
    let (one, two) = (stage.live_tab(), stage.live_tab());
    let mut wake = Vec::new();
    stage.shard.close_all(CloseCode::TryLater, &mut wake);
    stage.shard.close_all(CloseCode::Restart, &mut wake);
    assert_eq!(wake, [one.tab, two.tab]);
    assert_eq!(stage.pull(one), "close 1013");
    stage.shard.close_all(CloseCode::Restart, &mut wake);
    assert_eq!(wake.len(), 2, "a closed tab has nothing more to say");
}

#[test]
fn a_drained_tab_is_told_when_to_come_back_and_closed_1012_then() {
    let mut stage = Stage::new(Config::default());
    let (one, two) = (stage.live_tab(), stage.live_tab());
    let mut times = [3000, 4500].map(Duration::from_millis).into_iter();
    let (now, mut wake) = (stage.at_ms(1000).now(), Vec::new());
    stage.shard.drain(now, || times.next().unwrap(), &mut wake);
    assert_eq!(wake, [one.tab, two.tab]);
    assert_eq!(stage.pull(one), "going_away 3000");
    assert_eq!(stage.pull(two), "going_away 4500");
    stage.publish(&[11]);
    assert_eq!(stage.pull(one), "101@11", "it works until then");
    assert_eq!(stage.at_ms(3999).tick(one), "");
    assert_eq!(stage.at_ms(4000).tick(one), "close 1012");
    assert_eq!(stage.at_ms(5499).tick(two), "101@11");
    assert_eq!(stage.at_ms(5500).tick(two), "close 1012");
}

#[test]
fn a_tab_that_was_told_to_go_keeps_its_time() {
    let mut stage = Stage::new(Config::default());
    let key = stage.live_tab();
    let (now, mut wake) = (stage.now(), Vec::new());
    for ms in [3000, 9000] {
        stage
            .shard
            .drain(now, || Duration::from_millis(ms), &mut wake);
    }
    assert_eq!(wake, [key.tab]);
    assert_eq!(stage.pull(key), "going_away 3000");
    assert_eq!(stage.due_ms(key), Some(3000));
}

#[test]
fn a_discarded_future_closes_all_tabs_1012_and_forgets_all_sessions() {
    let mut stage = Stage::new(Config::default());
    let (idle, new) = (stage.live_tab(), stage.attach(Resume::Fresh));
    stage.publish(&[11, 12]);
    stage.pull(idle);
    let mut wake = Vec::new();
    stage.shard.reset(Pos(5), &mut wake);
    assert_eq!(wake, [idle.tab]);
    assert_eq!(stage.shard.position(), Pos(5));
    assert_eq!((stage.shard.sessions(), stage.shard.tabs()), (0, 2));
    assert_eq!(stage.shard.ring_bytes(), 0);
    let back = stage.attach(at(5));
    assert_eq!(stage.pull(back), "hello Ring, live 100@5 after 0");
    assert_eq!(stage.pull(idle), "close 1012");
    assert_eq!(stage.pull(new), "hello Fresh, close 1012");
    assert_eq!(stage.due_ms(new), None);
    stage.detach(idle);
    stage.detach(new);
    assert_eq!((stage.shard.sessions(), stage.shard.tabs()), (1, 1));
}
