//! The resume table, as far as the core decides it.

use antiphon_api::{
    ids::{MAX_SAFE_INTEGER, Pos, Seq},
    resume::ResyncReason,
};
use antiphon_session::{Attach, Config, LogAnswer, NewTab, Resume};

use crate::stage::{Stage, at, new_tab, page};

fn event(seq: i64) -> Resume {
    let session = None;
    Resume::Event {
        seq: Seq(seq),
        session,
    }
}

/// Rings of two; a live tab has seen 11, 12 and 13, of which 11 is evicted: floor 11, seq 101 to 103.
fn three_events() -> Stage {
    let mut stage = Stage::new(Config {
        ring_events: 2,
        ..Config::default()
    });
    stage.live_tab();
    stage.publish(&[11, 12, 13]);
    stage
}

fn attached(stage: &mut Stage, resume: Resume) -> String {
    let key = stage.attach(resume);
    stage.pull(key)
}

#[test]
fn pos_wins_over_the_other_parameters() {
    let parse = Resume::parse;
    assert_eq!(parse(Some("5"), Some("x"), Some("s")), Resume::At(Pos(5)));
    assert_eq!(parse(Some("x"), Some("5"), None), Resume::Bad);
}

#[test]
fn resume_from_may_name_its_session_and_a_session_alone_asks_nothing() {
    let named = Resume::Event {
        seq: Seq(7),
        session: Some("s".to_owned()),
    };
    assert_eq!(Resume::parse(None, Some("7"), Some("s")), named);
    assert_eq!(Resume::parse(None, Some("7"), None), event(7));
    assert_eq!(Resume::parse(None, None, Some("s")), Resume::Fresh);
    assert_eq!(Resume::parse(None, None, None), Resume::Fresh);
}

#[test]
fn a_number_that_is_not_an_exact_integer_is_bad() {
    let beyond = (MAX_SAFE_INTEGER + 1).to_string();
    for bad in [
        "",
        "-1",
        "+1",
        "1.0",
        "1e3",
        " 1",
        "0x1",
        "٣",
        &beyond,
        "99999999999999999999",
    ] {
        assert_eq!(Resume::parse(Some(bad), None, None), Resume::Bad, "{bad}");
        assert_eq!(Resume::parse(None, Some(bad), None), Resume::Bad, "{bad}");
    }
    let largest = MAX_SAFE_INTEGER.to_string();
    let parsed = Resume::parse(Some(&largest), None, None);
    assert_eq!(parsed, Resume::At(Pos(MAX_SAFE_INTEGER)));
    assert_eq!(Resume::parse(Some("0"), None, None), at(0));
}

#[test]
fn a_tab_without_a_position_is_fresh_and_live_at_once() {
    let mut stage = Stage::new(Config::default());
    assert_eq!(
        attached(&mut stage, Resume::Fresh),
        "hello Fresh, live 100@10 after 0"
    );
}

#[test]
fn events_between_attach_and_the_first_pull_come_after_live() {
    let mut stage = Stage::new(Config::default());
    let key = stage.attach(Resume::Fresh);
    stage.publish(&[11]);
    assert_eq!(stage.pull(key), "hello Fresh, live 100@10 after 0, 101@11");
}

#[test]
fn bad_numbers_resync() {
    let mut stage = three_events();
    let told = attached(&mut stage, Resume::Bad);
    assert_eq!(told, "hello Resync BadParameters, live 103@13 after 0");
}

#[test]
fn a_position_the_ring_reaches_back_to_continues_from_the_ring() {
    let mut stage = three_events();
    let told = attached(&mut stage, at(11));
    assert_eq!(told, "hello Ring, 102@12, 103@13, live 103@13 after 2");
    assert_eq!(
        attached(&mut stage, at(13)),
        "hello Ring, live 103@13 after 0"
    );
}

#[test]
fn a_position_below_the_floor_is_for_the_server() {
    let mut stage = three_events();
    let (_, attach) = stage.try_attach(&new_tab(at(10)), None);
    let after = Pos(10);
    let through = Pos(13);
    assert_eq!(attach, Attach::NeedsLog { after, through });
    assert_eq!((stage.shard.tabs(), stage.shard.sessions()), (1, 1));
}

#[test]
fn a_position_that_was_not_seen_passing_is_for_the_server_even_if_the_ring_would_do() {
    let mut stage = three_events();
    let unseen = NewTab {
        passed: false,
        ..new_tab(at(12))
    };
    let (_, attach) = stage.try_attach(&unseen, None);
    assert!(matches!(attach, Attach::NeedsLog { .. }));
}

#[test]
fn the_shards_own_position_begins_a_session_on_its_ring() {
    let mut stage = Stage::new(Config::default());
    assert_eq!(
        attached(&mut stage, at(10)),
        "hello Ring, live 100@10 after 0"
    );
}

#[test]
fn without_a_session_an_older_position_is_for_the_server() {
    let mut stage = Stage::new(Config::default());
    let (_, attach) = stage.try_attach(&new_tab(at(9)), None);
    assert!(matches!(attach, Attach::NeedsLog { .. }));
    assert_eq!(stage.shard.sessions(), 0);
}

#[test]
fn a_session_without_events_reaches_back_to_where_it_was_created() {
    let mut stage = Stage::new(Config::default());
    stage.live_tab();
    stage.publish(&[11]);
    let told = "hello Ring, 101@11, live 101@11 after 1";
    assert_eq!(attached(&mut stage, at(10)), told);
    let (_, attach) = stage.try_attach(&new_tab(at(9)), None);
    assert!(matches!(attach, Attach::NeedsLog { .. }));
}

#[test]
fn what_the_server_refuses_resyncs_with_its_reason() {
    for reason in [
        ResyncReason::Expired,
        ResyncReason::UnknownPosition,
        ResyncReason::TooFar,
    ] {
        let mut stage = three_events();
        let key = stage.attach_with(at(5), Some(LogAnswer::Refused(reason)));
        let told = format!("hello Resync {reason:?}, live 103@13 after 0");
        assert_eq!(stage.pull(key), told);
    }
}

#[test]
fn a_position_below_the_floor_continues_from_the_log_without_numbers() {
    let mut stage = three_events();
    let first = page(&[8, 11], false, 13);
    let key = stage.attach_with(at(5), Some(LogAnswer::Page(first)));
    assert_eq!(
        stage.pull(key),
        "hello Log, log@8, log@11, live 103@13 after 2"
    );
    stage.publish(&[14]);
    assert_eq!(stage.pull(key), "104@14");
}

#[test]
fn a_page_is_dropped_when_the_ring_reaches_back() {
    let mut stage = three_events();
    let known = page(&[12, 13], false, 13);
    let key = stage.attach_with(at(11), Some(LogAnswer::Page(known)));
    assert_eq!(
        stage.pull(key),
        "hello Ring, 102@12, 103@13, live 103@13 after 2"
    );
}

#[test]
fn a_known_position_ahead_of_this_gateway_is_served_at_once() {
    let mut stage = three_events();
    let key = stage.attach_with(at(20), Some(LogAnswer::Page(page(&[], false, 20))));
    assert_eq!(stage.pull(key), "hello Ring, live 103@20 after 0");
    stage.publish(&[14, 20, 21]);
    assert_eq!(
        stage.pull(key),
        "need 20..21",
        "14 was evicted before it was pulled"
    );
    let mut stage = three_events();
    let key = stage.attach_with(at(20), Some(LogAnswer::Page(page(&[], false, 20))));
    stage.pull(key);
    stage.publish(&[14, 21]);
    assert_eq!(stage.pull(key), "104@14, 105@21");
}

#[test]
fn an_event_number_counts_from_one_below_the_tail_to_the_head() {
    let mut stage = three_events();
    let unknown = "hello Resync UnknownSession, live 103@13 after 0";
    assert_eq!(attached(&mut stage, event(100)), unknown);
    let told = attached(&mut stage, event(101));
    assert_eq!(told, "hello Ring, 102@12, 103@13, live 103@13 after 2");
    let told = attached(&mut stage, event(102));
    assert_eq!(told, "hello Ring, 103@13, live 103@13 after 1");
    assert_eq!(
        attached(&mut stage, event(103)),
        "hello Ring, live 103@13 after 0"
    );
    assert_eq!(attached(&mut stage, event(104)), unknown);
}

#[test]
fn an_empty_ring_has_only_the_number_it_began_with() {
    let mut stage = Stage::new(Config::default());
    stage.live_tab();
    let unknown = "hello Resync UnknownSession, live 100@10 after 0";
    assert_eq!(attached(&mut stage, event(99)), unknown);
    assert_eq!(
        attached(&mut stage, event(100)),
        "hello Ring, live 100@10 after 0"
    );
    assert_eq!(attached(&mut stage, event(101)), unknown);
}

#[test]
fn an_event_number_of_another_session_or_of_none_resyncs() {
    let mut stage = Stage::new(Config::default());
    let unknown = "hello Resync UnknownSession, live 100@10 after 0";
    assert_eq!(
        attached(&mut stage, event(100)),
        unknown,
        "there was no session"
    );
    let named = |name: &str| Resume::Event {
        seq: Seq(100),
        session: Some(name.to_owned()),
    };
    assert_eq!(attached(&mut stage, named("other")), unknown);
    assert_eq!(
        attached(&mut stage, named("s")),
        "hello Ring, live 100@10 after 0"
    );
}
