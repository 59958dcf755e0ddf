//! Links that lag, break anywhere and come back; servers that are away. No tab notices more than
//! a delay.

use std::time::Duration;

use antiphon_test_support::{Closed, Follower, Install, Node, Tab, eventually};
use serde_json::{Value, json};

/// How long a step of a follower waits for a frame.
const STEP: Duration = Duration::from_millis(20);

fn say(install: &Install, said: &mut Vec<String>, body: String) {
    install.send(1, 1, &body);
    said.push(body);
}

fn follower(install: &Install) -> Follower {
    Follower::new(2, install.head())
}

/// Follows until it has heard these messages, and asserts that it heard each once and in order.
fn hears(follower: &mut Follower, node: &Node, bodies: &[String]) {
    let last = bodies.last().expect("something was said");
    follower.follow(&node.address, last, |one| one.heard(last) > 0);
    assert_eq!(follower.bodies(), bodies);
    assert!(follower.faults.is_empty(), "{:?}", follower.faults);
}

#[test]
fn a_client_ahead_of_its_new_gateway_is_served_at_once_and_applies_nothing_twice() {
    let (install, node) = Install::running();
    let (behind, proxy) = install.start_gateway_behind_proxy("events.sock");
    let mut follower = follower(&install);
    follower.follow_to_live(&behind.address);
    follower.leave();
    proxy.hold();
    let mut said: Vec<String> = (0..10).map(|number| format!("early {number}")).collect();
    for body in &said {
        install.send(1, 1, body);
    }
    hears(&mut follower, &node, &said);

    let pos = follower.pos;
    follower.leave();
    follower.follow_to_live(&behind.address);
    assert_eq!(follower.pos, pos, "the gateway behind knew nothing newer");
    proxy.release();
    for number in 0..10 {
        say(&install, &mut said, format!("late {number}"));
    }
    hears(&mut follower, &behind, &said);
    assert_eq!(
        follower.dropped, 10,
        "what it had was sent again, and dropped"
    );
}

#[test]
fn a_gateway_that_was_stopped_goes_on_where_it_was() {
    let (install, node) = Install::running();
    let asleep = install.start_gateway();
    let mut stays = follower(&install);
    stays.follow_to_live(&asleep.address);
    let mut moves = follower(&install);
    asleep.process.signal("STOP");
    let mut said: Vec<String> = (0..50).map(|number| format!("asleep {number}")).collect();
    for body in &said {
        install.send(1, 1, body);
    }
    hears(&mut moves, &node, &said);
    moves.leave();
    asleep.process.signal("CONT");
    moves.follow_to_live(&asleep.address);
    say(&install, &mut said, "awake".to_owned());
    hears(&mut moves, &asleep, &said);
    hears(&mut stays, &asleep, &said);
    assert_eq!(stays.ends, [], "its tab went on");
}

#[test]
fn a_gateway_that_joins_late_serves_positions_from_before_its_time() {
    let (install, _node) = Install::running();
    let mut follower = follower(&install);
    let said: Vec<String> = (0..700).map(|number| format!("{number}")).collect();
    for body in &said {
        install.send(1, 1, body);
    }
    let late = install.start_gateway();
    hears(&mut follower, &late, &said);
    assert_eq!(
        follower.outcomes.get("log"),
        Some(&1),
        "{:?}",
        follower.outcomes
    );
}

#[test]
fn a_link_cut_after_any_byte_loses_nothing_and_repeats_nothing() {
    let mut install = Install::new();
    install.start_server();
    let (node, proxy) = install.start_gateway_behind_proxy("events.sock");
    let mut follower = follower(&install);
    follower.follow_to_live(&node.address);
    // Inside the hello, after which the gateway waits longer each time, and then through a hello
    // and an event with seven bytes between any two.
    proxy.cut([0, 3, 4, 5, 50].into_iter().chain((95..560).step_by(7)));
    let before = proxy.connections();
    install.start_again();
    let mut said = Vec::new();
    while proxy.cuts_left() > 0 {
        let left = proxy.cuts_left();
        eventually("the next cut", || {
            let body = format!("cut {}", said.len());
            say(&install, &mut said, body);
            follower.step(&node.address, Duration::from_millis(1));
            (proxy.cuts_left() < left).then_some(())
        });
    }
    assert!(proxy.connections() - before > 60);
    say(&install, &mut said, "whole".to_owned());
    hears(&mut follower, &node, &said);
    assert_eq!(
        (follower.ends, follower.dropped),
        (vec![], 0),
        "the tab noticed"
    );
}

#[test]
fn tabs_stay_connected_while_the_server_is_killed_and_started_again() {
    let (mut install, node) = Install::running();
    let mut follower = follower(&install);
    follower.follow_to_live(&node.address);
    let mut said = Vec::new();
    for number in 0..5 {
        say(&install, &mut said, format!("{number}"));
        install.start_again();
    }
    say(&install, &mut said, "after".to_owned());
    hears(&mut follower, &node, &said);
    assert_eq!(
        (follower.ends, follower.dropped),
        (vec![], 0),
        "the tab noticed"
    );
}

#[test]
fn what_was_answered_right_before_the_server_was_killed_is_in_database_and_streams() {
    let (mut install, node) = Install::running();
    let mut follower = follower(&install);
    let mut said = Vec::new();
    for number in 0..8 {
        let body = format!("last words {number}");
        let id = install.send(1, 1, &body);
        install.kill_server();
        let database = rusqlite::Connection::open(install.database()).expect("it opens");
        let found: String = database
            .query_row("SELECT body FROM message WHERE id = ?1", [id], |row| {
                row.get(0)
            })
            .expect("the message is there");
        assert_eq!(found, body);
        drop(database);
        said.push(body);
        install.start_server();
        follower.step(&node.address, STEP);
    }
    hears(&mut follower, &node, &said);
}

#[test]
fn while_the_server_is_away_new_tabs_are_accepted_and_what_needs_it_is_put_off() {
    let (mut install, node) = Install::running();
    let mut passed = node.live(1, "");
    let before = install.head() - 1;
    install.send(1, 1, "it passes");
    let pos = passed.until("message.created")["pos"]
        .as_i64()
        .expect("a position");
    install.kill_server();

    let hello = |mut tab: Tab| tab.frame().expect("a hello")["resumed"].clone();
    assert_eq!(hello(node.tab(1, "").expect("is let in")), "fresh");
    assert_eq!(
        hello(node.tab(1, &format!("pos={pos}")).expect("is let in")),
        "ring"
    );
    for unknown in [before, pos + 1_000] {
        let refused = node
            .tab(1, &format!("pos={unknown}"))
            .err()
            .expect("is refused");
        assert_eq!(refused.status, 503);
        assert!(refused.headers.contains_key("retry-after"));
        let path = format!("/ws/user/1?pos={unknown}");
        let headers = [
            ("Authorization", "Bearer dev:1"),
            ("Sec-WebSocket-Protocol", "antiphon.v1"),
        ];
        let mut browser = Tab::connect(&node.address, &path, &headers).expect("is upgraded");
        assert_eq!(browser.frame(), Err(Closed::With(1013)));
    }
    let called: Result<Value, Value> = node.user(1).call("user.me", json!({}));
    assert_eq!(called.expect_err("nobody is there")["code"], -32050);
    let called = passed.call("user.me", json!({}));
    assert_eq!(called.expect_err("nobody is there")["code"], -32050);

    install.start_server();
    eventually("a resume by the log", || {
        let mut tab = node.tab(1, &format!("pos={before}")).ok()?;
        (tab.frame().expect("a hello")["resumed"] == "log").then_some(())
    });
}
