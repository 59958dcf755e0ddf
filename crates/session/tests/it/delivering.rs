//! From `live` on: the ring, the log behind it, and what is not in either.

use std::sync::Arc;

use antiphon_api::ids::Pos;
use antiphon_session::{Config, LogAnswer, Resume, TabId};

use crate::stage::{Stage, at, entry, page, user};

fn rings_of(ring_events: usize) -> Stage {
    Stage::new(Config {
        ring_events,
        ..Config::default()
    })
}

#[test]
fn every_tab_of_a_session_gets_an_event_under_the_same_number() {
    let mut stage = Stage::new(Config::default());
    let (one, two) = (stage.live_tab(), stage.live_tab());
    assert_eq!(stage.publish(&[11]), [one.tab, two.tab]);
    assert_eq!(stage.pull(one), "101@11");
    assert_eq!(stage.pull(two), "101@11");
}

#[test]
fn an_event_for_others_advances_the_position_and_wakes_nobody() {
    let mut stage = Stage::new(Config::default());
    let key = stage.live_tab();
    let mut wake: Vec<TabId> = Vec::new();
    stage.shard.publish(&entry(11), [user(2)], &mut wake);
    assert!(wake.is_empty());
    assert_eq!(stage.shard.position(), Pos(11));
    assert_eq!(stage.pull(key), "");
}

#[test]
fn an_event_for_everybody_reaches_every_session() {
    let mut stage = Stage::new(Config::default());
    let key = stage.live_tab();
    let mut wake = Vec::new();
    stage.shard.publish_to_all(&entry(11), &mut wake);
    assert_eq!(wake, [key.tab]);
    assert_eq!(stage.pull(key), "101@11");
}

#[test]
fn an_event_seen_before_or_named_twice_is_delivered_once() {
    let mut stage = Stage::new(Config::default());
    let key = stage.live_tab();
    stage.publish(&[11, 11, 10]);
    stage
        .shard
        .publish(&entry(12), [user(1), user(1)], &mut Vec::new());
    assert_eq!(stage.pull(key), "101@11, 102@12");
}

#[test]
fn an_idle_tab_is_woken_once() {
    let mut stage = Stage::new(Config::default());
    let key = stage.live_tab();
    assert_eq!(stage.publish(&[11]), [key.tab]);
    assert_eq!(stage.publish(&[12]), []);
    assert_eq!(stage.pull_one(key).as_deref(), Some("101@11"));
    assert_eq!(stage.publish(&[13]), [], "it was not polled to the end");
    assert_eq!(stage.pull(key), "102@12, 103@13");
    assert_eq!(stage.publish(&[14]), [key.tab]);
}

#[test]
fn a_tab_that_falls_off_its_ring_reads_the_log_and_is_live_again() {
    let mut stage = rings_of(2);
    let key = stage.live_tab();
    stage.publish(&[11]);
    stage.pull(key);
    stage.publish(&[12, 13, 14]);
    assert_eq!(stage.pull(key), "need 11..14");
    assert_eq!(stage.publish(&[15]), [], "it waits for the log");
    assert_eq!(stage.pull(key), "", "the page is asked for once");
    stage.shard.handle_log(key, Some(page(&[12, 13], true, 14)));
    assert_eq!(stage.pull(key), "log@12, log@13, need 13..14");
    stage
        .shard
        .handle_log(key, Some(page(&[14, 15], false, 15)));
    assert_eq!(stage.pull(key), "log@14, live 104@14 after 3, 105@15");
}

#[test]
fn a_live_tab_can_be_given_another_live_after_what_it_is_owed() {
    let mut stage = Stage::new(Config::default());
    let (live, waiting) = (stage.live_tab(), stage.attach(Resume::Fresh));
    stage.publish(&[11]);
    let mut wake = Vec::new();
    stage.shard.renew(&mut wake);
    assert_eq!(stage.pull(live), "101@11, live 101@11 after 0");
    assert_eq!(
        stage.pull(waiting),
        "hello Fresh, live 100@10 after 0, 101@11"
    );
    stage.shard.renew(&mut wake);
    assert_eq!(wake, [live.tab, waiting.tab]);
    assert_eq!(stage.pull(live), "live 101@11 after 0");
    assert_eq!(stage.publish(&[12]), [live.tab], "the other has not pulled");
}

#[test]
fn a_quiet_tab_that_falls_off_asks_from_where_it_was_last_idle_not_from_its_last_event() {
    let mut stage = rings_of(1);
    let key = stage.live_tab();
    stage.shard.publish(&entry(50), [user(2)], &mut Vec::new());
    assert_eq!(stage.pull(key), "");
    stage.publish(&[51, 52]);
    assert_eq!(stage.pull(key), "need 50..52");
}

#[test]
fn a_catch_up_that_the_ring_has_left_behind_goes_another_round() {
    let mut stage = rings_of(1);
    let key = stage.live_tab();
    stage.publish(&[11, 12]);
    assert_eq!(stage.pull(key), "need 10..12");
    stage.publish(&[13, 14]);
    stage
        .shard
        .handle_log(key, Some(page(&[11, 12], false, 14)));
    assert_eq!(stage.pull(key), "log@11, log@12, need 12..14");
    stage
        .shard
        .handle_log(key, Some(page(&[13, 14], false, 14)));
    assert_eq!(stage.pull(key), "log@13, log@14, live 104@14 after 4");
}

#[test]
fn a_page_short_of_the_target_is_asked_on_from() {
    let mut stage = Stage::new(Config::default());
    let first = page(&[8], false, 9);
    let key = stage.attach_with(at(5), Some(LogAnswer::Page(first)));
    assert_eq!(stage.pull(key), "hello Log, log@8, need 9..10");
    stage.shard.handle_log(key, Some(page(&[], false, 10)));
    assert_eq!(stage.pull(key), "live 100@10 after 1");
}

#[test]
fn a_replay_that_cannot_be_finished_closes_1013() {
    for failed in [None, Some(page(&[], true, 10)), Some(page(&[], false, 9))] {
        let mut stage = Stage::new(Config::default());
        let key = stage.attach_with(at(5), Some(LogAnswer::Page(page(&[8], false, 9))));
        stage.pull(key);
        stage.shard.handle_log(key, failed);
        assert_eq!(stage.pull(key), "close 1013");
    }
}

#[test]
fn what_a_page_repeats_is_not_sent_again() {
    let mut stage = rings_of(1);
    let key = stage.live_tab();
    stage.publish(&[11]);
    stage.pull(key);
    stage.publish(&[12, 13]);
    assert_eq!(stage.pull(key), "need 11..13");
    stage
        .shard
        .handle_log(key, Some(page(&[11, 12, 13], false, 13)));
    assert_eq!(stage.pull(key), "log@12, log@13, live 103@13 after 2");
}

#[test]
fn a_page_nobody_asked_for_is_ignored() {
    let mut stage = Stage::new(Config::default());
    let key = stage.live_tab();
    stage.shard.handle_log(key, Some(page(&[11], false, 11)));
    stage.shard.handle_log(key, None);
    assert_eq!(stage.pull(key), "");
}

#[test]
fn an_ephemeral_frame_comes_after_the_events_and_newest_per_key() {
    let mut stage = Stage::new(Config::default());
    let key = stage.live_tab();
    assert_eq!(stage.relay("a1", Some("a")), [key.tab]);
    stage.relay("b1", Some("b"));
    stage.relay("c", None);
    stage.relay("a2", Some("a"));
    stage.relay("c", None);
    stage.publish(&[11]);
    assert_eq!(stage.pull(key), "101@11, ~a2, ~b1, ~c, ~c");
}

#[test]
fn over_the_bound_the_ephemeral_frame_that_waited_longest_is_dropped() {
    let mut stage = Stage::new(Config {
        ephemeral_keys: 2,
        ..Config::default()
    });
    let key = stage.live_tab();
    for name in ["a", "b", "a", "c"] {
        stage.relay(name, Some(name));
    }
    assert_eq!(stage.pull(key), "~b, ~c");
}

#[test]
fn a_tab_that_is_not_live_gets_no_ephemeral_frames() {
    let mut stage = rings_of(1);
    let key = stage.attach(Resume::Fresh);
    assert_eq!(stage.relay("early", None), []);
    assert_eq!(stage.pull(key), "hello Fresh, live 100@10 after 0");
    stage.relay("lost with the ring", None);
    stage.publish(&[11, 12]);
    assert_eq!(stage.pull(key), "need 10..12");
    stage.relay("behind", None);
    stage
        .shard
        .handle_log(key, Some(page(&[11, 12], false, 12)));
    assert_eq!(stage.pull(key), "log@11, log@12, live 102@12 after 2");
    let all: Arc<[u8]> = Arc::from(b"to all".as_slice());
    stage.shard.relay_to_all(&all, None, &mut Vec::new());
    assert_eq!(stage.pull(key), "~to all");
}

#[test]
fn answers_come_before_events() {
    let mut stage = Stage::new(Config::default());
    let key = stage.live_tab();
    stage.publish(&[11]);
    assert!(stage.shard.begin_call(key));
    stage.shard.finish_call(key, Some(b"[1]".to_vec()));
    assert_eq!(stage.pull(key), "[1], 101@11");
}
