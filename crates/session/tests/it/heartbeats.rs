//! Timers, to the millisecond.

use std::time::Duration;

use antiphon_api::{ids::Pos, resume::ResyncReason};
use antiphon_session::{Attach, Config, LogAnswer, NewTab, Received, Resume};

use crate::stage::{Stage, at, new_tab, page};

#[test]
fn the_first_ping_comes_after_its_part_of_the_interval_and_then_every_interval() {
    let mut stage = Stage::new(Config::default());
    let early = NewTab {
        jitter: 0.2,
        ..new_tab(Resume::Fresh)
    };
    let (key, _) = stage.try_attach(&early, None);
    stage.pull(key);
    assert_eq!(stage.due_ms(key), Some(5000));
    assert_eq!(stage.at_ms(4999).tick(key), "");
    assert_eq!(stage.at_ms(5000).tick(key), "ping 5000@10");
    stage.receive(key, Received::Pong);
    assert_eq!(stage.due_ms(key), Some(30_000));
    assert_eq!(stage.at_ms(30_000).tick(key), "ping 30000@10");
}

#[test]
fn a_jitter_that_is_no_part_is_taken_as_the_nearest() {
    for (jitter, due) in [(-1.0, 0), (7.0, 25_000), (f64::NAN, 0)] {
        let mut stage = Stage::new(Config::default());
        let odd = NewTab {
            jitter,
            ..new_tab(Resume::Fresh)
        };
        let (key, attach) = stage.try_attach(&odd, None);
        assert!(matches!(attach, Attach::Attached(_)), "{attach:?}");
        assert_eq!(stage.due_ms(key), Some(due));
    }
}

#[test]
fn a_tab_that_stays_silent_after_a_ping_is_closed_4000() {
    let mut stage = Stage::new(Config::default());
    let key = stage.live_tab();
    stage.at_ms(25_000).tick(key);
    assert_eq!(stage.at_ms(34_999).tick(key), "");
    assert_eq!(stage.at_ms(35_000).tick(key), "close 4000");
    assert_eq!(stage.due_ms(key), None);
}

#[test]
fn any_frame_proves_life() {
    for received in [
        Received::Pong,
        Received::Call,
        Received::Visibility,
        Received::Unknown { kind: "x" },
        Received::Malformed { why: "y" },
    ] {
        let mut stage = Stage::new(Config::default());
        let key = stage.live_tab();
        stage.at_ms(25_000).tick(key);
        stage.receive(key, received);
        assert_eq!(stage.due_ms(key), Some(50_000));
    }
}

#[test]
fn a_write_gives_the_client_its_whole_timeout_again() {
    let mut stage = Stage::new(Config::default());
    let key = stage.live_tab();
    stage.at_ms(25_000).tick(key);
    let now = stage.at_ms(34_000).now();
    stage.shard.handle_written(key, now);
    assert_eq!(stage.at_ms(43_999).tick(key), "");
    assert_eq!(stage.at_ms(44_000).tick(key), "close 4000");
}

#[test]
fn a_write_alone_asks_for_no_pong() {
    let mut stage = Stage::new(Config::default());
    let key = stage.live_tab();
    let now = stage.at_ms(1000).now();
    stage.shard.handle_written(key, now);
    assert_eq!(stage.due_ms(key), Some(25_000));
}

#[test]
fn a_socket_that_takes_nothing_for_the_stall_timeout_is_closed_4013() {
    let mut stage = Stage::new(Config::default());
    let key = stage.live_tab();
    let now = stage.at_ms(2000).now();
    stage.shard.handle_blocked(key, now);
    let later = stage.at_ms(9000).now();
    stage.shard.handle_blocked(key, later);
    assert_eq!(stage.at_ms(25_000).tick(key), "ping 25000@10");
    assert_eq!(
        stage.due_ms(key),
        Some(32_000),
        "an unwritten ping asks for no pong"
    );
    assert_eq!(stage.at_ms(31_999).tick(key), "");
    assert_eq!(stage.at_ms(32_000).tick(key), "close 4013");
}

#[test]
fn write_progress_ends_the_stall_and_the_pong_is_due_after_it() {
    let mut stage = Stage::new(Config::default());
    let key = stage.live_tab();
    let now = stage.at_ms(10_000).now();
    stage.shard.handle_blocked(key, now);
    stage.at_ms(25_000).tick(key);
    let now = stage.at_ms(39_000).now();
    stage.shard.handle_written(key, now);
    assert_eq!(stage.due_ms(key), Some(49_000));
}

#[test]
fn the_end_of_the_token_closes_4009() {
    let mut stage = Stage::new(Config::default());
    let valid_until = Some(stage.start + Duration::from_millis(7000));
    let short = NewTab {
        valid_until,
        ..new_tab(Resume::Fresh)
    };
    let (key, _) = stage.try_attach(&short, None);
    stage.pull(key);
    assert_eq!(stage.at_ms(6999).tick(key), "");
    assert_eq!(stage.at_ms(7000).tick(key), "close 4009");
}

#[test]
fn a_ping_says_how_far_the_tab_was_sent_when_it_is_pulled() {
    let mut stage = Stage::new(Config::default());
    let key = stage.live_tab();
    stage.publish(&[11, 12]);
    assert_eq!(stage.pull_one(key).as_deref(), Some("101@11"));
    let now = stage.at_ms(25_000).now();
    stage.shard.handle_timeout(key, now);
    assert_eq!(stage.pull(key), "ping 25000@11, 102@12");
    stage.receive(key, Received::Pong);
    let now = stage.at_ms(50_000).now();
    stage.shard.handle_timeout(key, now);
    stage
        .shard
        .publish(&crate::stage::entry(15), [], &mut Vec::new());
    assert_eq!(stage.shard.position(), Pos(15));
    assert_eq!(stage.pull(key), "ping 50000@15");
}

#[test]
fn a_ping_in_a_catch_up_says_how_far_the_log_was_read() {
    let mut stage = Stage::new(Config::default());
    let key = stage.attach_with(at(5), Some(LogAnswer::Page(page(&[7], true, 10))));
    assert_eq!(stage.pull(key), "hello Log, log@7, need 7..10");
    assert_eq!(stage.at_ms(25_000).tick(key), "ping 25000@7");
}

#[test]
fn a_ping_on_a_lagging_gateway_is_not_below_what_the_client_came_with() {
    let mut stage = Stage::new(Config::default());
    let key = stage.attach_with(at(20), Some(LogAnswer::Page(page(&[], false, 20))));
    stage.pull(key);
    assert_eq!(stage.at_ms(25_000).tick(key), "ping 25000@20");
}

#[test]
fn a_ping_after_a_resync_says_nothing_of_the_position_that_was_refused() {
    let mut stage = Stage::new(Config::default());
    let refused = LogAnswer::Refused(ResyncReason::UnknownPosition);
    let key = stage.attach_with(at(20), Some(refused));
    stage.pull(key);
    assert_eq!(stage.at_ms(25_000).tick(key), "ping 25000@10");
}
