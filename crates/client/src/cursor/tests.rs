use antiphon_api::{
    ids::{Pos, Seq},
    resume::Resumed,
};

use super::{Cursor, Gap, MAX_HELD_EVENTS, OnLive, StaleSnapshot, Verdict};

/// A tab that resumed at `pos` and is live with the session's event 10.
fn live_at(pos: i64) -> Cursor<i64> {
    let mut cursor = Cursor::at(Pos(pos));
    cursor.hello(Resumed::Ring);
    assert_eq!(cursor.live(Seq(10), Pos(pos)), OnLive::Whole);
    cursor
}

/// A tab that owes a snapshot and is held from `floor` on.
fn owing_at(floor: i64) -> Cursor<i64> {
    let mut cursor = Cursor::fresh();
    cursor.hello(Resumed::Fresh);
    assert_eq!(cursor.live(Seq(10), Pos(floor)), OnLive::LoadSnapshot);
    cursor
}

fn numbered(cursor: &mut Cursor<i64>, seq: i64, pos: i64) -> Verdict<i64> {
    cursor.event(Some(Seq(seq)), Some(Pos(pos)), pos)
}

fn replayed(cursor: &mut Cursor<i64>, pos: i64) -> Verdict<i64> {
    cursor.event(None, Some(Pos(pos)), pos)
}

#[test]
fn an_event_not_above_the_highest_position_is_dropped() {
    let mut cursor = live_at(100);
    assert_eq!(numbered(&mut cursor, 11, 105), Verdict::Deliver(105));
    assert_eq!(numbered(&mut cursor, 12, 105), Verdict::Dropped);
    assert_eq!(cursor.resume(), Some(Pos(105)));
}

#[test]
fn a_ping_and_a_live_raise_the_position_and_never_lower_it() {
    let mut cursor = live_at(100);
    cursor.ping(Pos(120));
    assert_eq!(cursor.resume(), Some(Pos(120)));
    cursor.ping(Pos(90));
    assert_eq!(cursor.live(Seq(10), Pos(95)), OnLive::Whole);
    assert_eq!(cursor.resume(), Some(Pos(120)));
    cursor.live(Seq(10), Pos(130));
    assert_eq!(cursor.resume(), Some(Pos(130)));
}

#[test]
fn an_event_dropped_for_its_position_still_counts_in_the_sequence() {
    let mut cursor = live_at(100);
    assert_eq!(numbered(&mut cursor, 11, 98), Verdict::Dropped);
    assert_eq!(numbered(&mut cursor, 12, 101), Verdict::Deliver(101));
}

#[test]
fn a_gap_in_the_sequence_reconnects_from_before_the_odd_event() {
    let mut cursor = live_at(100);
    assert_eq!(numbered(&mut cursor, 11, 101), Verdict::Deliver(101));
    let gap = Gap::Seq {
        last: Seq(11),
        got: Seq(13),
    };
    assert_eq!(numbered(&mut cursor, 13, 103), Verdict::Reconnect(gap));
    assert_eq!(cursor.resume(), Some(Pos(101)));
}

#[test]
fn a_repeated_number_is_a_gap_too() {
    let mut cursor = live_at(100);
    assert!(matches!(
        numbered(&mut cursor, 10, 101),
        Verdict::Reconnect(Gap::Seq { .. })
    ));
}

#[test]
fn numbers_are_not_counted_before_live() {
    let mut cursor = Cursor::at(Pos(100));
    cursor.hello(Resumed::Ring);
    assert_eq!(numbered(&mut cursor, 3, 101), Verdict::Deliver(101));
    assert_eq!(numbered(&mut cursor, 9, 102), Verdict::Deliver(102));
}

#[test]
fn a_hello_forgets_the_sequence() {
    let mut cursor = live_at(100);
    cursor.hello(Resumed::Log);
    assert_eq!(numbered(&mut cursor, 500, 101), Verdict::Deliver(101));
    assert_eq!(cursor.live(Seq(500), Pos(101)), OnLive::Whole);
    assert_eq!(numbered(&mut cursor, 501, 102), Verdict::Deliver(102));
}

#[test]
fn catching_up_from_the_log_suspends_counting_until_the_next_live() {
    let mut cursor = live_at(100);
    assert_eq!(replayed(&mut cursor, 101), Verdict::Deliver(101));
    assert_eq!(numbered(&mut cursor, 700, 102), Verdict::Deliver(102));
    assert_eq!(cursor.live(Seq(700), Pos(102)), OnLive::Whole);
    assert!(matches!(
        numbered(&mut cursor, 702, 104),
        Verdict::Reconnect(_)
    ));
}

#[test]
fn a_tab_without_state_presents_no_position_until_a_snapshot_is_taken() {
    let mut cursor = owing_at(100);
    assert_eq!(numbered(&mut cursor, 11, 101), Verdict::Held);
    cursor.ping(Pos(101));
    assert_eq!(cursor.resume(), None);
    assert_eq!(cursor.snapshot(Pos(100)), Ok(vec![101]));
    assert_eq!(cursor.resume(), Some(Pos(101)));
}

#[test]
fn a_snapshot_is_followed_by_the_held_events_above_it_in_order() {
    let mut cursor = owing_at(100);
    for (seq, pos) in [(11, 101), (12, 103), (13, 107), (14, 109)] {
        assert_eq!(numbered(&mut cursor, seq, pos), Verdict::Held);
    }
    assert_eq!(cursor.snapshot(Pos(103)), Ok(vec![107, 109]));
    assert_eq!(numbered(&mut cursor, 15, 110), Verdict::Deliver(110));
}

#[test]
fn events_that_a_snapshot_already_holds_are_dropped_when_they_come_later() {
    let mut cursor = owing_at(100);
    assert_eq!(cursor.snapshot(Pos(150)), Ok(vec![]));
    assert_eq!(numbered(&mut cursor, 11, 140), Verdict::Dropped);
    assert_eq!(cursor.resume(), Some(Pos(150)));
    assert_eq!(numbered(&mut cursor, 12, 151), Verdict::Deliver(151));
}

#[test]
fn the_debt_outlives_a_later_hello_that_says_otherwise() {
    let mut cursor = owing_at(100);
    cursor.hello(Resumed::Ring);
    assert_eq!(cursor.resume(), None);
    assert_eq!(cursor.live(Seq(10), Pos(120)), OnLive::LoadSnapshot);
}

#[test]
fn a_snapshot_of_an_earlier_connection_is_refused_when_events_after_it_were_missed() {
    let mut cursor = owing_at(100);
    cursor.hello(Resumed::Fresh);
    assert_eq!(cursor.snapshot(Pos(110)), Err(StaleSnapshot));
    cursor.live(Seq(30), Pos(120));
    assert_eq!(cursor.snapshot(Pos(110)), Err(StaleSnapshot));
    assert_eq!(cursor.resume(), None);
    assert_eq!(cursor.snapshot(Pos(120)), Ok(vec![]));
}

#[test]
fn a_snapshot_that_arrives_between_two_connections_settles_the_debt() {
    let mut cursor = owing_at(100);
    assert_eq!(numbered(&mut cursor, 11, 104), Verdict::Held);
    cursor.disconnected();
    assert_eq!(cursor.snapshot(Pos(102)), Ok(vec![104]));
    assert_eq!(cursor.resume(), Some(Pos(104)));
    assert!(!cursor.is_live());
}

#[test]
fn events_held_on_an_earlier_connection_do_not_survive_a_new_one() {
    let mut cursor = owing_at(100);
    assert_eq!(numbered(&mut cursor, 11, 104), Verdict::Held);
    cursor.hello(Resumed::Fresh);
    cursor.live(Seq(20), Pos(90));
    assert_eq!(cursor.snapshot(Pos(95)), Ok(vec![]));
}

#[test]
fn a_resync_forgets_the_position_because_the_log_may_be_another() {
    let mut cursor = live_at(1_000);
    cursor.hello(Resumed::Resync);
    assert_eq!(cursor.live(Seq(1), Pos(505)), OnLive::LoadSnapshot);
    assert_eq!(numbered(&mut cursor, 2, 506), Verdict::Held);
    assert_eq!(cursor.snapshot(Pos(505)), Ok(vec![506]));
    assert_eq!(cursor.resume(), Some(Pos(506)));
}

#[test]
fn a_snapshot_nobody_owes_is_taken_unless_it_would_step_back() {
    let mut cursor = live_at(100);
    assert_eq!(cursor.snapshot(Pos(99)), Err(StaleSnapshot));
    assert_eq!(cursor.snapshot(Pos(104)), Ok(vec![]));
    assert_eq!(numbered(&mut cursor, 11, 103), Verdict::Dropped);
}

#[test]
fn an_ephemeral_event_passes_uncounted_but_not_before_there_is_state() {
    let mut cursor = live_at(100);
    assert_eq!(cursor.event(None, None, 7), Verdict::Deliver(7));
    assert_eq!(numbered(&mut cursor, 11, 101), Verdict::Deliver(101));
    let mut cursor = owing_at(100);
    assert_eq!(cursor.event(None, None, 7), Verdict::Dropped);
}

#[test]
fn one_event_more_than_may_be_held_reconnects() {
    let mut cursor = owing_at(0);
    for n in 1..=i64::try_from(MAX_HELD_EVENTS).expect("fits") {
        assert_eq!(numbered(&mut cursor, 10 + n, n), Verdict::Held);
    }
    assert_eq!(
        replayed(&mut cursor, 1_000_000),
        Verdict::Reconnect(Gap::TooManyHeld)
    );
    assert_eq!(cursor.resume(), None);
}
