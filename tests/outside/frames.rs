//! What goes over a tab's WebSocket, and what ends it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicBool, Ordering},
    thread::scope,
};

use antiphon_test_support::{Begun, Closed, Install, Tab};
use serde_json::{Value, json};
use tungstenite::Message;

const TEXT: u8 = 0x81;
const CONTINUATION: u8 = 0x00;
const FIN: u8 = 0x80;
const PING: u8 = 0x89;

#[test]
fn hello_says_what_a_client_needs_to_know() {
    let (_install, node) = Install::running();
    let begun = Begun::of(&node, 1, "");
    let hello = &begun.hello;
    assert_eq!(hello["protocol"], 1);
    assert!(hello["session"].as_str().is_some_and(|id| id.len() >= 16));
    assert_eq!(hello["resumed"], "fresh");
    assert_eq!(hello.get("reason"), Some(&Value::Null));
    assert_eq!(hello["ping_interval_ms"], 25_000);
    assert_eq!(hello["pong_timeout_ms"], 10_000);
    let server = hello["server"].as_str().expect("a name");
    assert!(server.starts_with("antiphon/"), "{server}");
    assert!(begun.seq() >= 0 && begun.seq() < 1 << 48);
    let second = Begun::of(&node, 1, "");
    assert_eq!(second.hello["session"], hello["session"]);
    let other = Begun::of(&node, 2, "");
    assert_ne!(other.hello["session"], hello["session"]);
}

#[test]
fn a_frame_that_is_not_understood_is_answered_and_the_eleventh_in_a_minute_ends_it() {
    let (_install, node) = Install::running();
    let mut tab = node.live(1, "");
    let bad = [
        r#"{"type":"dance","ref":"a"}"#,
        "not JSON",
        "7",
        "null",
        r#""pong""#,
        "{}",
        r#"{"type":7}"#,
        r#"{"type":"visibility","state":"upside down"}"#,
        r#"{"type":"pong""#,
        "",
    ];
    for text in bad {
        tab.send_text(text);
        let error = tab.until("error");
        assert!(error["code"].is_string(), "{text}: {error}");
        assert!(error["message"].is_string(), "{text}: {error}");
    }
    tab.send(&json!({ "type": "dance" }));
    assert_eq!(tab.end(), Closed::With(4001));
}

#[test]
fn what_breaks_the_framing_ends_the_connection_with_the_code_for_it() {
    let (_install, node) = Install::running();
    let big = vec![b' '; (64 << 10) + 1];
    let halves: Vec<u8> = [
        Tab::masked(TEXT & !FIN, &big[..40_000]),
        Tab::masked(FIN, &big[..40_000]),
    ]
    .concat();
    let unmasked = vec![TEXT, 2, b'{', b'}'];
    let cases = [
        ("over 64 KiB", Tab::masked(TEXT, &big), 1009),
        ("over 64 KiB in two", halves, 1009),
        ("not UTF-8", Tab::masked(TEXT, b"\xff\xfe"), 1007),
        ("half a character", Tab::masked(TEXT, b"\xe2\x82"), 1007),
        ("unmasked", unmasked, 1002),
        ("a reserved bit", Tab::masked(0xc1, b"{}"), 1002),
        ("an unknown opcode", Tab::masked(0x83, b"{}"), 1002),
        ("nothing to continue", Tab::masked(FIN, b"{}"), 1002),
        ("a long ping", Tab::masked(PING, &[0; 126]), 1002),
        ("binary", Tab::masked(0x82, b"{}"), 4001),
    ];
    for (what, bytes, code) in cases {
        let mut tab = node.live(1, "");
        tab.send_bytes(&bytes);
        assert_eq!(tab.end(), Closed::With(code), "{what}");
    }
    // Exactly 64 KiB is fine: white space around a pong.
    let mut tab = node.live(1, "");
    let mut pong = br#"{"type":"pong"}"#.to_vec();
    pong.resize(64 << 10, b' ');
    tab.send_bytes(&Tab::masked(TEXT, &pong));
    assert!(tab.call("user.me", json!({})).is_ok());
}

#[test]
fn three_hundred_frames_at_once_are_too_many() {
    let (_install, node) = Install::running();
    for frame in [
        Message::text(r#"{"type":"pong"}"#),
        Message::Ping(Vec::new().into()),
        Message::Pong(Vec::new().into()),
    ] {
        let mut tab = node.live(1, "");
        for _ in 0..300 {
            tab.send_message(frame.clone());
        }
        assert_eq!(tab.end(), Closed::With(4008), "{frame:?}");
    }
    // The burst itself is allowed, and what is said beside a ping is not forgotten over it.
    let mut tab = node.live(1, "");
    for _ in 0..150 {
        tab.send(&json!({ "type": "pong" }));
    }
    assert!(tab.call("user.me", json!({})).is_ok());
    let both = [Tab::masked(TEXT, b"junk"), Tab::masked(PING, b"")];
    tab.send_bytes(&both.concat());
    tab.until("error");
}

#[test]
fn a_message_may_come_in_pieces_with_pings_between() {
    let (_install, node) = Install::running();
    let mut tab = node.live(1, "");
    let call = json!({ "jsonrpc": "2.0", "id": "call", "method": "user.me" }).to_string();
    let (first, rest) = call.as_bytes().split_at(1);
    let mut bytes = Tab::masked(TEXT & !FIN, first);
    for (index, piece) in rest.chunks(1).enumerate() {
        if index % 10 == 0 {
            bytes.extend(Tab::masked(PING, b"still here"));
        }
        bytes.extend(Tab::masked(CONTINUATION, piece));
    }
    bytes.extend(Tab::masked(FIN, b""));
    tab.send_bytes(&bytes);
    let answer = loop {
        let frame = tab.frame().expect("an answer");
        if frame["id"] == "call" {
            break frame;
        }
    };
    assert_eq!(answer["result"]["user"]["id"], 1);
}

#[test]
fn a_message_that_never_ends_keeps_nobody_waiting() {
    let (_install, node) = Install::running();
    let mut healthy = node.live(2, "");
    let done = AtomicBool::new(false);
    let pieces = Tab::masked(CONTINUATION, b"").repeat(10_000);
    scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut tab = node.live(1, "");
                tab.send_bytes(&Tab::masked(TEXT & !FIN, b"x"));
                while !done.load(Ordering::Relaxed) {
                    tab.send_bytes(&pieces);
                }
            });
        }
        let served = || (0..10).all(|_| healthy.call("user.me", json!({})).is_ok());
        let served = catch_unwind(AssertUnwindSafe(served));
        done.store(true, Ordering::Relaxed);
        assert!(matches!(served, Ok(true)), "the healthy tab was not served");
    });
}

#[test]
fn a_tab_that_says_goodbye_is_answered() {
    let (_install, node) = Install::running();
    let mut tab = node.live(1, "");
    tab.close();
    assert_eq!(tab.end(), Closed::WithNothing);
    let mut tab = node.live(1, "");
    tab.send_bytes(&Tab::masked(0x88, &1000_u16.to_be_bytes()));
    assert_eq!(tab.end(), Closed::With(1000));
}

#[test]
fn visibility_is_taken_and_tells_presence() {
    let (install, node) = Install::running();
    let mut watcher = node.live(2, "");
    let mut tab = node.live(1, "");
    let mut state = |wanted: &str| loop {
        let changed = watcher.until("presence.changed");
        if changed["data"]["user_id"] == 1 && changed["data"]["state"] == wanted {
            break;
        }
    };
    state("online");
    tab.send(&json!({ "type": "visibility", "state": "hidden" }));
    state("away");
    tab.send(&json!({ "type": "visibility", "state": "visible" }));
    state("online");
    drop(install);
}
