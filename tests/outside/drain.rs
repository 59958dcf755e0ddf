//! Stopping in order: tabs are told, calls finish, nothing is lost.

use std::{
    collections::BTreeSet,
    io::{Read, Write},
    os::unix::net::UnixStream,
    thread,
    time::Duration,
};

use antiphon_test_support::{Closed, Follower, Install, PATIENCE, Tab, eventually, now};
use rusqlite::Connection;
use serde_json::json;

/// The drain window of the fixtures' gateways.
const WINDOW: Duration = Duration::from_secs(1);

/// What the tab is told about when to come back, having been closed as it was told.
fn told(tab: &mut Tab) -> u64 {
    let going = tab.until("going_away");
    assert_eq!(tab.end(), Closed::With(1012));
    going["reconnect_after_ms"].as_u64().expect("a number")
}

#[test]
fn a_gateway_that_is_asked_to_stop_spreads_its_tabs_over_the_window_and_exits_0() {
    let (_install, mut node) = Install::running();
    let mut tabs: Vec<Tab> = (0..8).map(|number| node.live(1 + number % 3, "")).collect();
    let begun = now();
    node.process.signal("TERM");
    let times: Vec<u64> = tabs.iter_mut().map(told).collect();
    let longest = u64::try_from(WINDOW.as_millis()).expect("a small window");
    assert!(times.iter().all(|time| *time <= longest), "{times:?}");
    assert!(times.iter().collect::<BTreeSet<_>>().len() > 1, "{times:?}");
    assert!(node.process.wait().success(), "{}", node.process.errors());
    assert!(begun.elapsed() < 3 * WINDOW, "{:?}", begun.elapsed());
}

#[test]
fn a_draining_gateway_says_it_is_not_ready_and_takes_no_new_tab() {
    let (_install, node) = Install::running();
    let mut tabs: Vec<Tab> = (0..8).map(|_| node.live(1, "")).collect();
    node.process.signal("TERM");
    // The others may stay as long as the window.
    tabs[0].until("going_away");
    let ready = node.http().get("/readyz").expect("it still answers");
    assert_eq!(ready.status, 503);
    assert_eq!(ready.json()["reasons"], json!(["draining"]));
    let refused = node.tab(1, "").err().expect("is refused");
    assert_eq!(refused.status, 503);
    let called = node.user(1).call("user.me", json!({}));
    assert_eq!(called.expect("still passes calls on")["user"]["id"], 1);
}

#[test]
fn a_call_under_way_is_answered_before_the_gateway_ends() {
    let mut install = Install::new();
    install.start_server();
    let (mut node, proxy) = install.start_gateway_behind_proxy("rpc.sock");
    proxy.hold();
    let caller = node.user(1);
    let call = thread::spawn(move || {
        let params = json!({ "channel_id": 1, "body": "slowly" });
        caller.call("message.send", params)
    });
    eventually("the call", || (proxy.connections() > 0).then_some(()));
    node.process.signal("TERM");
    eventually("the drain", || {
        node.process.errors().contains("ask again").then_some(())
    });
    proxy.release();
    let answer = call.join().expect("the caller ends well");
    assert_eq!(answer.expect("is answered")["message"]["body"], "slowly");
    assert!(node.process.wait().success(), "{}", node.process.errors());
}

#[test]
fn asked_a_second_time_it_ends_at_once() {
    let (_install, mut node) = Install::running();
    let mut tabs: Vec<Tab> = (0..8).map(|_| node.live(1, "")).collect();
    node.process.signal("TERM");
    tabs[0].until("going_away");
    node.process.signal("TERM");
    node.process.wait();
    assert!(
        node.process.errors().contains("at once"),
        "{}",
        node.process.errors()
    );
    let ends: Vec<Closed> = tabs.iter_mut().map(Tab::end).collect();
    assert!(
        ends.contains(&Closed::Lost),
        "all had left already: {ends:?}"
    );
}

#[test]
fn a_call_that_is_never_answered_does_not_keep_a_gateway() {
    let mut install = Install::new();
    install.start_server();
    let (mut node, proxy) = install.start_gateway_behind_proxy("rpc.sock");
    proxy.hold();
    let caller = node.user(1);
    let call = thread::spawn(move || caller.try_call("user.me", json!({})));
    eventually("the call", || (proxy.connections() > 0).then_some(()));
    node.process.signal("TERM");
    assert!(node.process.wait().success(), "{}", node.process.errors());
    let errors = node.process.errors();
    assert!(errors.contains("not waited for"), "{errors}");
    let answer = call.join().expect("the caller ends well");
    assert!(answer.is_err(), "{answer:?}");
}

/// Has a server accept a call that another program's lock on the database holds up.
fn held_up(install: &mut Install) -> (Connection, UnixStream) {
    install.start_server();
    install.send(1, 1, "before");
    let lock = Connection::open(install.database()).expect("opens");
    lock.execute_batch("BEGIN IMMEDIATE").expect("is free");
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"message.send","params":{"channel_id":1,"body":"held"}}"#;
    let request = format!(
        "POST /rpc HTTP/1.1\r\nHost: antiphon\r\nAntiphon-User: 1\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut call = UnixStream::connect(install.run_dir().join("rpc.sock")).expect("is there");
    call.set_read_timeout(Some(PATIENCE)).expect("is a socket");
    call.write_all(request.as_bytes()).expect("is sent");
    // Connections are accepted in their order.
    install.head();
    (lock, call)
}

/// All that the other side says until it closes.
fn answer(mut call: UnixStream) -> String {
    let mut answer = String::new();
    call.read_to_string(&mut answer).expect("it ends");
    answer
}

/// What was said in channel 1, oldest first, by what is on disk.
fn said(install: &Install) -> Vec<String> {
    let database = Connection::open(install.database()).expect("opens");
    let mut rows = database
        .prepare("SELECT body FROM message WHERE channel_id = 1 ORDER BY id")
        .expect("there is such a table");
    let rows = rows.query_map([], |row| row.get(0)).expect("is read");
    rows.map(|row| row.expect("a row")).collect()
}

#[test]
fn a_server_answers_the_call_under_way_and_moves_the_log_to_the_file_before_it_ends() {
    let mut install = Install::new();
    let (lock, call) = held_up(&mut install);
    let mut server = install.server.take().expect("a server runs");
    server.signal("TERM");
    eventually("the stop", || {
        server.errors().contains("ask again").then_some(())
    });
    lock.execute_batch("ROLLBACK").expect("ends");
    let answer = answer(call);
    assert!(answer.contains(r#""body":"held""#), "{answer}");
    drop(lock);
    assert!(server.wait().success(), "{}", server.errors());
    let log = install.database().with_extension("db-wal");
    let left = log.metadata().map_or(0, |log| log.len());
    assert_eq!(left, 0, "the WAL was left behind");
    assert!(said(&install).ends_with(&["before".to_owned(), "held".to_owned()]));
}

#[test]
fn a_server_that_is_asked_a_second_time_ends_at_once_and_keeps_what_it_answered() {
    let mut install = Install::new();
    let (lock, call) = held_up(&mut install);
    let mut server = install.server.take().expect("a server runs");
    server.signal("TERM");
    eventually("the stop", || {
        server.errors().contains("ask again").then_some(())
    });
    let begun = now();
    server.signal("TERM");
    server.wait();
    assert!(begun.elapsed() < WINDOW, "{:?}", begun.elapsed());
    assert_eq!(answer(call), "", "who answered it?");
    drop(lock);
    assert!(said(&install).ends_with(&["before".to_owned()]));
}

#[test]
fn a_server_that_is_asked_a_second_time_does_not_wait_for_its_writer() {
    let mut install = Install::new();
    let (_lock, call) = held_up(&mut install);
    let mut server = install.server.take().expect("a server runs");
    // Nobody waits for the answer, so that the writer is all that is left to wait for.
    drop(call);
    server.signal("TERM");
    eventually("the end of its socket", || {
        UnixStream::connect(install.run_dir().join("rpc.sock")).err()
    });
    let begun = now();
    server.signal("TERM");
    server.wait();
    assert!(begun.elapsed() < WINDOW, "{:?}", begun.elapsed());
}

#[test]
fn both_in_one_process_stop_in_order_too() {
    let install = Install::new();
    let mut both = install.serve("info");
    let mut tab = both.live(1, "");
    install.send(2, 1, "hello");
    tab.until("message.created");
    both.process.signal("TERM");
    told(&mut tab);
    assert!(both.process.wait().success(), "{}", both.process.errors());
    assert!(
        !install.run_dir().join("rpc.sock").exists(),
        "the socket stayed behind"
    );
}

#[test]
fn nothing_is_lost_across_a_rolling_restart() {
    let (install, node) = Install::running();
    let mut nodes = [node, install.start_gateway()];
    let start = install.position(1);
    let mut followers: Vec<Follower> = (1..4).map(|user| Follower::new(user, start)).collect();
    let mut sent = Vec::new();
    for round in 0..4 {
        let (leaving, staying) = (round % 2, (round + 1) % 2);
        for follower in &mut followers {
            follower.leave();
            follower.follow_to_live(&nodes[leaving].address);
        }
        nodes[leaving].process.signal("TERM");
        while nodes[leaving].process.exited().is_none() {
            say(&install, &mut sent);
            for follower in &mut followers {
                follower.step(&nodes[staying].address, Duration::from_millis(5));
            }
        }
        install.restart_gateway(&mut nodes[leaving]);
    }
    say(&install, &mut sent);
    let last = sent.last().expect("something was said");
    for follower in &mut followers {
        follower.follow(&nodes[0].address, "the last", |one| one.heard(last) > 0);
        assert!(follower.faults.is_empty(), "{:?}", follower.faults);
        assert_eq!(follower.bodies(), sent);
        assert!(
            follower.ends.iter().all(|end| *end == Closed::With(1012)),
            "{:?}",
            follower.ends
        );
    }
}

fn say(install: &Install, sent: &mut Vec<String>) {
    let body = sent.len().to_string();
    install.send(1, 1, &body);
    sent.push(body);
}
