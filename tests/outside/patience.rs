//! What takes half a minute, side by side: who does not answer, does not read, does not begin.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread::scope,
    time::Duration,
};

use antiphon_test_support::{Begun, Closed, EventStream, Install, Node, Tab, eventually, pos};
use serde_json::{Value, json};

/// Longer than the first ping (25 s at most) and the pong's timeout (10 s) together.
const LONG: Duration = Duration::from_secs(38);

#[test]
fn whoever_does_not_answer_read_or_begin_is_let_go_and_nobody_else_notices() {
    let (install, node) = Install::running();
    let healthy = Begun::of(&node, 1, "").tab;
    let issued = install.call(1, "session.ticket", Value::Null);
    scope(|scope| {
        let deaf = scope.spawn(|| who_does_not_answer_pings_is_closed_4000(&node));
        let polite = scope.spawn(|| who_answers_pings_stays(&node));
        let full = scope.spawn(|| who_does_not_read_is_closed_4013(&install, &node, healthy));
        let slow = scope.spawn(|| two_thousand_that_never_begin_are_dropped(&node));
        for (what, part) in [
            ("pings", deaf),
            ("pongs", polite),
            ("reading", full),
            ("idling", slow),
        ] {
            assert!(part.join().is_ok(), "{what}: see above");
        }
    });
    // By then a ticket that was not used in time is of no use.
    let path = format!(
        "/ws/user/1?ticket={}",
        issued["ticket"].as_str().expect("text")
    );
    let late = Tab::connect(&node.address, &path, &[]).err();
    assert_eq!(late.expect("has ended").status, 401);
}

#[test]
fn a_tab_that_never_reads_is_dropped_for_good() {
    let (install, node) = Install::running();
    let mut healthy = Begun::of(&node, 2, "").tab;
    let before = open_files(&node);
    let stuck = Begun::of(&node, 1, "").tab;
    say_long(&install, 1_200);
    // Half a minute without progress, then a quarter of one to read the end.
    let mut waited = 0;
    while open_files(&node) > before {
        // The kernel would drop it after a minute; the tab is to be given up before.
        assert!(waited < 42, "the connection is still held");
        waited += i32::from(healthy.frame_within(Duration::from_secs(1)).is_none());
    }
    assert!(waited > 20, "it was given up after {waited} s");
    drop(stuck);
}

fn who_does_not_answer_pings_is_closed_4000(node: &Node) {
    let mut tab = Begun::of(node, 2, "").tab;
    tab.answers_pings = false;
    let ping = loop {
        let frame = tab.frame_within(LONG).expect("a ping").expect("a ping");
        if frame["type"] == "ping" {
            break frame;
        }
    };
    assert!(
        ping["ts"].as_i64().is_some_and(|ts| ts > 1_600_000_000_000),
        "{ping}"
    );
    assert!(ping["pos"].is_i64(), "{ping}");
    loop {
        match tab.frame_within(LONG).expect("an end") {
            Ok(_) => {}
            Err(end) => return assert_eq!(end, Closed::With(4000)),
        }
    }
}

fn who_answers_pings_stays(node: &Node) {
    let mut tab = Begun::of(node, 3, "").tab;
    while tab.frame_within(LONG).expect("a ping").expect("stays")["type"] != "ping" {}
    // Its pong was due within 10 s.
    while let Some(frame) = tab.frame_within(Duration::from_secs(11)) {
        assert!(frame.is_ok(), "{frame:?}");
    }
    assert!(tab.call("user.me", json!({})).is_ok());
}

/// One tab and one event stream stop reading beside a healthy tab of the same user.
fn who_does_not_read_is_closed_4013(install: &Install, node: &Node, mut healthy: Tab) {
    let begun = Begun::of(node, 1, "");
    let left_at = pos(&begun.live);
    let mut stuck = begun.tab;
    let mut stream = node.events(1, "", &[]);
    stream.through("live");
    let count = 1_200;
    let expected: Vec<i64> = scope(|scope| {
        scope.spawn(|| say_long(install, count));
        (0..count)
            .map(|_| pos(&healthy.until("message.created")))
            .collect()
    });
    // The healthy one stays served while the others are waited for.
    let mut waited = Duration::ZERO;
    while waited < Duration::from_secs(33) {
        let step = Duration::from_secs(1);
        if healthy.frame_within(step).is_none() {
            waited += step;
        }
    }
    assert!(healthy.call("user.me", json!({})).is_ok());
    let (got, end) = drain(&mut stuck);
    assert_eq!(end, Closed::With(4013));
    assert!(got.len() < count, "it had read everything");
    assert_eq!(got, expected[..got.len()]);
    let last = got.last().copied().unwrap_or(left_at);
    let again = Begun::of(node, 1, &format!("pos={last}"));
    let rest: Vec<_> = again.events.iter().map(pos).collect();
    assert_eq!(rest, expected[got.len()..], "it goes on where it stopped");
    ends_early(&mut stream, count);
}

fn drain(tab: &mut Tab) -> (Vec<i64>, Closed) {
    let mut got = Vec::new();
    loop {
        match tab.frame() {
            Ok(frame) if frame["type"] == "message.created" => got.push(pos(&frame)),
            Ok(_) => {}
            Err(end) => return (got, end),
        }
    }
}

fn ends_early(stream: &mut EventStream, count: usize) {
    let events = std::iter::from_fn(|| stream.next_event());
    let got = events
        .filter(|event| event.data["type"] == "message.created")
        .count();
    assert!(got < count, "the stream that nobody read was kept");
}

/// Messages of 16 KiB each: no socket buffers them all.
fn say_long(install: &Install, count: usize) {
    let body = "x".repeat(16 << 10);
    for _ in 0..count / 40 {
        let batch: Vec<Value> = (0..40)
            .map(|id| {
                let params = json!({ "channel_id": 1, "body": body });
                json!({ "jsonrpc": "2.0", "id": id, "method": "message.send", "params": params })
            })
            .collect();
        let answer = install
            .user(2)
            .post("/rpc", &Value::from(batch).to_string());
        assert_eq!(answer.expect("an answer").status, 200);
    }
}

fn open_files(node: &Node) -> usize {
    let files = std::fs::read_dir(format!("/proc/{}/fd", node.process.id()));
    files.expect("is our own process").count()
}

fn two_thousand_that_never_begin_are_dropped(node: &Node) {
    let before = open_files(node);
    let beginnings = [
        "",
        "GET / HT",
        "GET /ws/user/1 HTTP/1.1\r\nHost: localhost\r\n",
    ];
    let mut idle: Vec<TcpStream> = (0..2_000)
        .map(|number| {
            let mut stream = TcpStream::connect(&node.address).expect("the gateway listens");
            let begun = beginnings[number % beginnings.len()];
            stream
                .write_all(begun.as_bytes())
                .expect("the gateway listens");
            stream
        })
        .collect();
    let mut tab = Begun::of(node, 3, "").tab;
    for _ in 0..20 {
        assert!(tab.call("user.me", json!({})).is_ok());
        assert_eq!(node.http().get("/healthz").expect("an answer").status, 200);
    }
    for stream in &mut idle {
        stream
            .set_read_timeout(Some(Duration::from_secs(15)))
            .expect("has a timeout");
        let mut rest = Vec::new();
        let ended = stream.read_to_end(&mut rest);
        let kind = ended.err().map(|error| error.kind());
        assert!(
            matches!(kind, None | Some(std::io::ErrorKind::ConnectionReset)),
            "still open: {kind:?}"
        );
    }
    drop(tab);
    eventually("the files of those that were dropped", || {
        (open_files(node) < before + 20).then_some(())
    });
}
