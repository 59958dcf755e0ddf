//! JSON-RPC over a tab's own connection.

use antiphon_test_support::{Install, Tab};
use serde_json::{Value, json};

/// The next frame that is an answer, or a batch of them.
fn answer(tab: &mut Tab) -> Value {
    loop {
        let frame = tab.frame().expect("an answer");
        if frame.is_array() || frame["jsonrpc"] == "2.0" {
            return frame;
        }
    }
}

#[test]
fn a_call_is_answered_with_its_id_whatever_that_is() {
    let (_install, node) = Install::running();
    let mut tab = node.live(1, "");
    for id in [json!(1), json!("one"), json!(null), json!(-7), json!(1.5)] {
        tab.send(&json!({ "jsonrpc": "2.0", "id": id, "method": "user.me" }));
        let answer = answer(&mut tab);
        assert_eq!(answer["id"], id);
        assert_eq!(answer["result"]["user"]["id"], 1, "{answer}");
    }
    let both = ["a", "b"];
    for id in both {
        tab.send(&json!({ "jsonrpc": "2.0", "id": id, "method": "user.get",
            "params": { "user_id": if id == "a" { 2 } else { 3 } } }));
    }
    for _ in both {
        let answer = answer(&mut tab);
        let user = if answer["id"] == "a" { 2 } else { 3 };
        assert_eq!(answer["result"]["user"]["id"], user);
    }
}

#[test]
fn a_batch_is_one_answer_and_a_notification_none() {
    let (_install, node) = Install::running();
    let mut tab = node.live(1, "");
    let send = |body: &str| json!({ "channel_id": 1, "body": body });
    tab.send(&json!({ "jsonrpc": "2.0", "method": "message.send", "params": send("quiet") }));
    let heard = tab.until("message.created");
    assert_eq!(heard["data"]["message"]["body"], "quiet");
    tab.send(&json!([
        { "jsonrpc": "2.0", "id": 1, "method": "user.me" },
        { "jsonrpc": "2.0", "method": "message.send", "params": send("quiet too") },
        { "jsonrpc": "2.0", "id": 2, "method": "no.such_method" },
        { "jsonrpc": "2.0", "id": 3, "method": "message.send", "params": { "channel_id": "one" } },
        7,
    ]));
    let answers = answer(&mut tab);
    let answers = answers.as_array().expect("a batch");
    assert_eq!(answers.len(), 4, "{answers:?}");
    assert_eq!(answers[0]["result"]["user"]["id"], 1);
    assert_eq!(answers[1]["error"]["code"], -32601);
    assert_eq!(answers[2]["error"]["code"], -32602);
    let fault = &answers[2]["error"]["data"]["errors"][0];
    assert_eq!(fault["path"], "channel_id", "{fault}");
    assert_eq!(answers[3]["error"]["code"], -32600);
    tab.send(&json!([]));
    assert_eq!(answer(&mut tab)["error"]["code"], -32600);
}

#[test]
fn what_is_wrong_with_a_call_is_said_in_the_answer() {
    let (_install, node) = Install::running();
    let mut tab = node.live(1, "");
    let cases = [
        (
            json!({ "jsonrpc": "1.0", "id": 1, "method": "user.me" }),
            -32600,
        ),
        (json!({ "jsonrpc": "2.0", "id": 1 }), -32600),
        (
            json!({ "jsonrpc": "2.0", "id": 1, "method": "nothing" }),
            -32601,
        ),
        (
            json!({ "jsonrpc": "2.0", "id": 1, "method": "session.redeem" }),
            -32601,
        ),
        (
            json!({ "jsonrpc": "2.0", "id": 1, "method": "message.send" }),
            -32602,
        ),
        (
            json!({ "jsonrpc": "2.0", "id": 1, "method": "user.me", "params": { "x": 1 } }),
            -32602,
        ),
        (
            json!({ "jsonrpc": "2.0", "id": 1, "method": "user.get", "params": { "user_id": 99 } }),
            -32004,
        ),
    ];
    for (call, code) in cases {
        tab.send(&call);
        let answer = answer(&mut tab);
        assert_eq!(answer["error"]["code"], code, "{call} -> {answer}");
        assert!(
            answer["error"]["data"]["request_id"].is_string(),
            "{answer}"
        );
    }
}

#[test]
fn sixteen_calls_may_be_unanswered_and_the_next_is_refused() {
    let (install, node) = Install::running();
    let mut tab = node.live(1, "");
    let server = install.server.as_ref().expect("runs");
    server.signal("STOP");
    for id in 0..20 {
        tab.send(&json!({ "jsonrpc": "2.0", "id": id, "method": "user.me" }));
    }
    for id in 16..20 {
        let refused = answer(&mut tab);
        assert_eq!(refused["id"], id);
        assert_eq!(refused["error"]["code"], -32010);
        assert!(refused["error"]["data"]["retry_after_ms"].is_u64());
    }
    server.signal("CONT");
    let mut answered: Vec<_> = (0..16)
        .map(|_| {
            let answer = answer(&mut tab);
            assert_eq!(answer["result"]["user"]["id"], 1, "{answer}");
            answer["id"].as_i64()
        })
        .collect();
    answered.sort_unstable();
    assert!(answered.into_iter().eq((0..16).map(Some)));
    assert!(tab.call("user.me", json!({})).is_ok());
}

#[test]
fn calls_while_the_server_is_away_are_unavailable_and_the_tab_stays() {
    let (mut install, node) = Install::running();
    let mut tab = node.live(1, "");
    install.server.as_ref().expect("runs").signal("STOP");
    let send = json!({ "channel_id": 1, "body": "perhaps" });
    tab.send(&json!({ "jsonrpc": "2.0", "id": 1, "method": "message.send", "params": send }));
    tab.send(&json!([{ "jsonrpc": "2.0", "id": 2, "method": "user.me" }]));
    // Both are with the server by the time a later frame is answered.
    tab.send(&json!({ "type": "dance" }));
    tab.until("error");
    install.kill_server();
    for _ in 0..2 {
        let answer = answer(&mut tab);
        let answer = answer.get(0).unwrap_or(&answer);
        assert_eq!(answer["error"]["code"], -32050, "{answer}");
        assert!(answer["error"]["data"]["indeterminate"].is_boolean());
    }
    let error = tab.call("user.me", json!({})).expect_err("nobody is there");
    assert_eq!(error["code"], -32050);
    assert_eq!(error["data"]["indeterminate"], false);
    assert!(error["data"]["retry_after_ms"].is_u64(), "{error}");
    install.start_server();
    antiphon_test_support::eventually("the server again", || tab.call("user.me", json!({})).ok());
}
