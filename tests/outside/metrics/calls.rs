//! Calls by method and outcome, and replays.

use antiphon_test_support::{Begun, Scrape};
use serde_json::json;

use super::Watched;

#[test]
fn calls_are_counted_by_method_and_outcome() {
    let watched = Watched::with(&[]);
    let before = watched.server();
    let calls = |told: &Scrape, method: &str, code: &str| {
        let labels = [("method", method), ("code", code)];
        let found = told.find("antiphon_server_calls_total", &labels);
        found.unwrap_or_default()
    };
    let alice = watched.node.user(1);
    let statuses = |status: &str| {
        let labels = [("status", status)];
        let told = watched.gateway();
        told.find("antiphon_gateway_calls_total", &labels)
            .unwrap_or_default()
    };
    let ok = statuses("200");
    for _ in 0..3 {
        alice.call("user.me", json!({})).expect("succeeds");
    }
    let missing = json!({ "channel_id": 999_999, "body": "x" });
    assert!(alice.call("message.send", missing).is_err());
    assert!(alice.call("message.send", json!({ "body": 5 })).is_err());
    let batch = json!([
        { "jsonrpc": "2.0", "id": 1, "method": "user.me" },
        { "jsonrpc": "2.0", "method": "user.me" },
        { "jsonrpc": "2.0", "id": 2, "method": "user.nobody" },
        { "id": 3 },
    ]);
    alice.post("/rpc", &batch.to_string()).expect("answers");
    alice.post("/rpc", "{").expect("answers");
    let mut tab = watched.node.live(1, "");
    tab.call("user.me", json!({})).expect("succeeds");
    let stranger = watched.node.http();
    assert!(stranger.call("user.me", json!({})).is_err());

    let after = watched.server();
    let grown = |method, code| calls(&after, method, code) - calls(&before, method, code);
    assert_eq!(
        grown("user.me", "ok"),
        6.0,
        "alone, in a batch, unheard, by a tab"
    );
    assert_eq!(grown("message.send", "not_found"), 1.0);
    assert_eq!(grown("message.send", "invalid_params"), 1.0);
    assert_eq!(grown("message.send", "ok"), 0.0);
    assert_eq!(grown("unknown", "method_not_found"), 1.0);
    assert_eq!(grown("unknown", "invalid_request"), 1.0);
    assert_eq!(grown("unknown", "parse_error"), 1.0);
    let times = after.value(
        "antiphon_server_call_seconds_count",
        &[("method", "user.me")],
    );
    let me = before.find(
        "antiphon_server_call_seconds_count",
        &[("method", "user.me")],
    );
    assert_eq!(times - me.unwrap_or_default(), 6.0);
    // A JSON-RPC error of the request itself is 200, as is a batch.
    assert_eq!(statuses("200") - ok, 3.0 + 1.0 + 1.0 + 1.0 + 1.0);
    assert_eq!((statuses("404"), statuses("401")), (1.0, 1.0));
}

#[test]
fn replays_are_counted_on_both_sides() {
    let watched = Watched::with(&[]);
    let head = watched.install.head();
    watched.install.say(1, 600);
    watched.node.catches_up(&watched.install);
    let begun = Begun::of(&watched.node, 3, &format!("pos={head}"));
    let begun = begun.events.len() as f64;
    let asked = |asked, outcome| [("asked", asked), ("outcome", outcome)];
    let (gateway, server) = (watched.gateway(), watched.server());
    for (told, daemon) in [(&gateway, "gateway"), (&server, "server")] {
        let pages = format!("antiphon_{daemon}_replays_total");
        assert_eq!(
            told.value(&pages, &asked("resume", "page")),
            1.0,
            "{daemon}"
        );
        assert_eq!(
            told.value(&pages, &asked("further", "page")),
            1.0,
            "{daemon}"
        );
        let events = told.value(&format!("antiphon_{daemon}_replayed_events_total"), &[]);
        assert!(events >= begun, "{daemon}: {events} of {begun}");
    }
    Begun::of(&watched.node, 3, "pos=0");
    let labels = asked("resume", "refused");
    watched.gateway_tells("antiphon_gateway_replays_total", &labels, 1.0);
    let labels = asked("resume", "expired");
    let told = watched.server();
    assert_eq!(told.value("antiphon_server_replays_total", &labels), 1.0);
}

#[test]
fn names_that_a_client_makes_up_make_no_series() {
    let watched = Watched::with(&[]);
    let alice = watched.node.user(1);
    let call = |method: &str| {
        assert!(alice.call(method, json!({})).is_err(), "{method}");
    };
    call("user.nobody");
    let before = watched.server();
    let count = |told: &Scrape| told.series("antiphon_server_calls_total").len();
    for number in 0..200 {
        call(&format!("no.method_{number}"));
    }
    let long = "x".repeat(10_000);
    for hostile in [
        "",
        "a\"} 1\n# EOF\n",
        "\\",
        "\u{0}\u{202e}",
        "unknown",
        "ok",
        &long,
    ] {
        call(hostile);
    }
    let after = watched.server();
    assert_eq!(count(&after), count(&before));
    let labels = [("method", "unknown"), ("code", "method_not_found")];
    let calls = after.value("antiphon_server_calls_total", &labels);
    assert_eq!(calls, 208.0);
}
