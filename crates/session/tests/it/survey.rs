//! What a shard says about itself in numbers.

use antiphon_api::{frame::CloseCode, ids::Pos};
use antiphon_session::{Config, LogAnswer, Resume, Survey};

use crate::stage::{Stage, at, page};

#[test]
fn a_shard_counts_its_tabs_its_sessions_and_what_its_rings_hold() {
    let mut stage = Stage::new(Config::default());
    assert_eq!(stage.shard.survey(), Survey::default());
    let (one, _) = (stage.attach(Resume::Fresh), stage.attach(Resume::Fresh));
    stage.publish(&[11, 12]);
    let survey = stage.shard.survey();
    assert_eq!(
        (survey.tabs, survey.sessions, survey.ring_events),
        (2, 1, 2)
    );
    assert_eq!(survey.ring_bytes, stage.shard.ring_bytes());
    let now = stage.now();
    stage.shard.detach(one, now);
    assert_eq!(stage.shard.survey().tabs, 1);
}

#[test]
fn the_worst_tab_is_owed_its_oldest_event_and_one_that_is_whole_nothing() {
    let mut stage = Stage::new(Config::default());
    let (quick, slow) = (stage.attach(Resume::Fresh), stage.attach(Resume::Fresh));
    stage.publish(&[11, 15, 20]);
    while stage.shard.outputs(quick).next().is_some() {}
    assert_eq!(stage.shard.survey().owed, Some(Pos(11)));
    // hello, live, the first event.
    for _ in 0..3 {
        assert!(stage.shard.outputs(slow).next().is_some());
    }
    assert_eq!(stage.shard.survey().owed, Some(Pos(15)));
    while stage.shard.outputs(slow).next().is_some() {}
    assert_eq!(stage.shard.survey().owed, None);
    // Positions that are nobody's here are owed to nobody.
    stage
        .shard
        .publish(&crate::stage::entry(21), [], &mut Vec::new());
    assert_eq!(stage.shard.survey().owed, None);
}

#[test]
fn a_tab_on_the_log_is_owed_what_its_page_has_and_replays_until_it_is_live() {
    let mut stage = Stage::new(Config::default());
    stage.publish(&[11, 12]);
    let answer = LogAnswer::Page(page(&[7, 9], true, 12));
    let tab = stage.attach_with(at(5), Some(answer));
    let survey = stage.shard.survey();
    assert_eq!((survey.owed, survey.replaying), (Some(Pos(7)), 1));
    while stage.shard.outputs(tab).next().is_some() {}
    assert_eq!(stage.shard.survey().owed, Some(Pos(10)), "the next page");
    stage.shard.handle_log(tab, Some(page(&[], false, 12)));
    while stage.shard.outputs(tab).next().is_some() {}
    let survey = stage.shard.survey();
    assert_eq!((survey.owed, survey.replaying), (None, 0));
}

#[test]
fn a_tab_that_is_closing_is_owed_nothing() {
    let mut stage = Stage::new(Config::default());
    let tab = stage.attach(Resume::Fresh);
    stage.publish(&[11]);
    stage.shard.close(tab, CloseCode::SlowConsumer);
    let survey = stage.shard.survey();
    assert_eq!((survey.tabs, survey.owed, survey.replaying), (1, None, 0));
}
