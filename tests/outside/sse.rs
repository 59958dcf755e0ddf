//! The same stream as Server-Sent Events, for whoever cannot have a WebSocket.

use antiphon_test_support::{Begun, Event, EventStream, Install, pos};
use serde_json::json;

fn positions(events: &[Event]) -> Vec<i64> {
    let logged = events.iter().filter(|event| event.data["ts"].is_i64());
    logged
        .filter_map(|event| event.data["pos"].as_i64())
        .collect()
}

#[test]
fn an_event_stream_is_the_tabs_stream_with_ids_where_there_is_a_position() {
    let (install, node) = Install::running();
    let before = install.head();
    install.say(2, 3);
    node.catches_up(&install);
    let mut stream = node.events(1, &format!("pos={before}"), &[]);
    let header = |name: &str| stream.headers.iter().find(|(key, _)| key == name);
    let (_, kind) = header("content-type").expect("a type");
    assert_eq!(kind, "text/event-stream");
    let (_, caching) = header("cache-control").expect("a word on caching");
    assert!(caching.contains("no-"), "{caching}");

    let begun = stream.through("live");
    assert_eq!(begun[0].data["type"], "hello");
    assert_eq!(begun[0].data["resumed"], "log");
    assert_eq!(begun[0].id, None);
    assert_eq!(positions(&begun).len(), 3);
    for event in &begun[1..] {
        assert_eq!(event.id, event.data["pos"].as_i64(), "{event:?}");
    }
    install.say(2, 1);
    let event = stream.through("message.created").pop().expect("an event");
    assert_eq!(event.id, Some(pos(&event.data)));
    install.call(2, "typing.relay", json!({ "channel_id": 1 }));
    let typing = stream.through("typing.started").pop().expect("an event");
    assert_eq!((typing.id, &typing.data["pos"]), (None, &json!(null)));
}

#[test]
fn the_last_event_id_beats_the_address() {
    let (install, node) = Install::running();
    let _session = Begun::of(&node, 1, "");
    let start = install.head();
    install.say(2, 4);
    node.catches_up(&install);
    let first = node.events(1, &format!("pos={start}"), &[]).through("live");
    let all = positions(&first);
    let last = all[2].to_string();
    let query = format!("pos={start}");
    let begun = node
        .events(1, &query, &[("Last-Event-ID", &last)])
        .through("live");
    assert_eq!(begun[0].data["resumed"], "ring");
    assert_eq!(positions(&begun), all[3..]);
    for bad in ["x", "-1", "9007199254740992"] {
        let begun = node
            .events(1, &query, &[("Last-Event-ID", bad)])
            .through("live");
        assert_eq!(begun[0].data["reason"], "bad_parameters", "{bad}");
    }
    let begun = node
        .events(1, &query, &[("Last-Event-ID", "")])
        .through("live");
    assert_eq!(positions(&begun), all, "an empty one is none");
}

#[test]
fn an_event_stream_goes_on_from_its_ids_across_a_restart_of_the_gateway() {
    let (install, mut node) = Install::running();
    let start = install.head();
    let mut last = start;
    let mut got = Vec::new();
    let mut visit = |stream: &mut EventStream, count: usize| {
        for _ in 0..count {
            let event = stream.through("message.created").pop().expect("an event");
            got.push(event.id.expect("an id"));
        }
        *got.last().expect("some")
    };
    for _ in 0..3 {
        let mut stream = node.events(1, "", &[("Last-Event-ID", &last.to_string())]);
        install.say(2, 5);
        last = visit(&mut stream, 5);
        node.process.signal("TERM");
        let end = std::iter::from_fn(|| stream.next_event())
            .last()
            .expect("a last word");
        assert_eq!(end.data, json!({ "type": "closed", "code": 1012 }));
        node.process.wait();
        install.say(2, 2);
        install.restart_gateway(&mut node);
        let mut stream = node.events(1, "", &[("Last-Event-ID", &last.to_string())]);
        last = visit(&mut stream, 2);
    }
    let truth = Begun::of(&node, 1, &format!("pos={start}"));
    let truth: Vec<_> = truth.events.iter().map(pos).collect();
    assert_eq!(got, truth);
}

#[test]
fn a_stream_that_its_client_left_is_given_up() {
    let (_install, node) = Install::running();
    let mut watcher = Begun::of(&node, 2, "").tab;
    let mut sees = |wanted: &str| {
        loop {
            let changed = watcher.until("presence.changed");
            if changed["data"]["user_id"] == 1 && changed["data"]["state"] == wanted {
                break;
            }
        }
    };
    let stream = node.events(1, "", &[]);
    sees("online");
    drop(stream);
    sees("offline");
}
