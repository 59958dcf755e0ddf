//! What a client may do, and where it ends.

use antiphon_session::{Config, Received, TabKey};

use crate::stage::Stage;

fn receive_times(stage: &mut Stage, key: TabKey, received: Received<'_>, times: usize) {
    for _ in 0..times {
        stage.receive(key, received);
    }
}

#[test]
fn a_burst_is_admitted_and_one_frame_more_closes_4008() {
    let mut stage = Stage::new(Config::default());
    let key = stage.live_tab();
    receive_times(&mut stage, key, Received::Pong, 200);
    assert_eq!(stage.pull(key), "");
    stage.receive(key, Received::Pong);
    assert_eq!(stage.pull(key), "close 4008");
}

#[test]
fn the_rate_refills_and_no_further_than_the_burst() {
    let mut stage = Stage::new(Config::default());
    let key = stage.live_tab();
    receive_times(&mut stage, key, Received::Pong, 200);
    stage.at_ms(10_000);
    receive_times(&mut stage, key, Received::Pong, 100);
    stage.at_ms(1_000_000);
    receive_times(&mut stage, key, Received::Pong, 200);
    assert_eq!(stage.pull(key), "");
    stage.receive(key, Received::Pong);
    assert_eq!(stage.pull(key), "close 4008");
}

#[test]
fn a_frame_that_is_not_understood_is_told_to_the_client() {
    let mut stage = Stage::new(Config::default());
    let key = stage.live_tab();
    stage.receive(key, Received::Unknown { kind: "sing" });
    stage.receive(key, Received::Malformed { why: "not JSON" });
    assert_eq!(
        stage.pull(key),
        "error unknown_type sing, error malformed not JSON"
    );
    let long = "é".repeat(1000);
    stage.receive(key, Received::Unknown { kind: &long });
    assert_eq!(
        stage.pull(key),
        format!("error unknown_type {}", "é".repeat(64))
    );
}

#[test]
fn more_than_ten_bad_frames_within_a_minute_close_4001() {
    let mut stage = Stage::new(Config::default());
    let key = stage.live_tab();
    receive_times(&mut stage, key, Received::Unknown { kind: "x" }, 10);
    stage.pull(key);
    stage
        .at_ms(59_999)
        .receive(key, Received::Unknown { kind: "x" });
    assert_eq!(stage.pull(key), "close 4001");
}

#[test]
fn bad_frames_are_forgotten_after_a_minute() {
    let mut stage = Stage::new(Config::default());
    let key = stage.live_tab();
    receive_times(&mut stage, key, Received::Malformed { why: "x" }, 10);
    stage.pull(key);
    stage
        .at_ms(60_000)
        .receive(key, Received::Malformed { why: "x" });
    assert_eq!(stage.pull(key), "error malformed x");
}

#[test]
fn errors_nobody_reads_do_not_pile_up() {
    let mut stage = Stage::new(Config::default());
    let key = stage.live_tab();
    for minute in 0..5 {
        stage.at_ms(minute * 60_000);
        receive_times(&mut stage, key, Received::Malformed { why: "x" }, 10);
    }
    assert_eq!(stage.pull(key).matches("error").count(), 10);
}

#[test]
fn a_binary_frame_closes_4001_and_an_oversized_one_1009() {
    for (received, close) in [
        (Received::Binary, "close 4001"),
        (Received::TooBig, "close 1009"),
    ] {
        let mut stage = Stage::new(Config::default());
        let key = stage.live_tab();
        stage.receive(key, received);
        assert_eq!(stage.pull(key), close);
    }
}

#[test]
fn a_tab_has_sixteen_calls_in_flight_at_most() {
    let mut stage = Stage::new(Config::default());
    let key = stage.live_tab();
    assert!((0..16).all(|_| stage.shard.begin_call(key)));
    assert!(!stage.shard.begin_call(key));
    stage.shard.refuse_call(key, None);
    assert!(!stage.shard.begin_call(key), "a refused call freed a place");
    stage.shard.finish_call(key, None);
    assert!(stage.shard.begin_call(key));
    assert!(!stage.shard.begin_call(key));
    stage.shard.refuse_call(key, Some(b"[429]".to_vec()));
    assert!(!stage.shard.begin_call(key), "a refusal makes no room");
    assert_eq!(
        stage.pull(key),
        "[429]",
        "a notification has no answer, a refusal one"
    );
}

#[test]
fn unsent_answers_over_their_bound_close_4013() {
    let mut stage = Stage::new(Config {
        answer_bytes: 10,
        ..Config::default()
    });
    let key = stage.live_tab();
    stage.shard.finish_call(key, Some(b"[1111]".to_vec()));
    stage.shard.finish_call(key, Some(b"[22]".to_vec()));
    assert_eq!(stage.pull(key), "[1111], [22]", "exactly the bound");
    stage.shard.finish_call(key, Some(b"[1111]".to_vec()));
    stage.shard.finish_call(key, Some(b"[222]".to_vec()));
    assert_eq!(stage.pull(key), "close 4013");
}

#[test]
fn one_answer_alone_may_be_larger_than_the_bound() {
    let mut stage = Stage::new(Config {
        answer_bytes: 3,
        ..Config::default()
    });
    let key = stage.live_tab();
    stage.shard.finish_call(key, Some(b"[1111]".to_vec()));
    assert_eq!(stage.pull(key), "[1111]");
}
