//! Calling too often.

use antiphon_test_support::{Begun, Install, Secured, Tab, eventually};
use serde_json::json;

#[test]
fn a_call_too_many_is_refused_over_websocket_and_http_and_a_later_one_is_served() {
    let secured = Secured::with(
        "info",
        &[
            "--set",
            "server.rates.read.per_second=1",
            "--set",
            "server.rates.read.burst=3",
        ],
    );
    let bearer = format!("Bearer {}", secured.token(2, "1h"));
    let headers = [("Authorization", &*bearer)];
    let tab = Tab::connect(&secured.node.address, "/ws/user/me", &headers);
    let mut tab = Begun::by(tab.expect("is let in")).tab;
    let http = secured.node.http().with_header("Authorization", &bearer);
    let post = || {
        let me = r#"{"jsonrpc":"2.0","id":1,"method":"user.me"}"#;
        http.post("/rpc", me).expect("an answer")
    };
    assert_eq!(post().status, 200);
    let refused = std::iter::repeat_with(|| tab.call("user.me", json!({})).err())
        .take(20)
        .find_map(|error| error)
        .expect("there is a limit");
    assert_eq!(refused["code"], -32010, "{refused}");
    let wait = refused["data"]["retry_after_ms"].as_i64().expect("a time");
    assert!((1..=1_000).contains(&wait), "{refused}");

    let refused = eventually("a refusal over HTTP", || {
        Some(post()).filter(|answer| answer.status != 200)
    });
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.json()["error"]["code"], -32010);
    assert!(refused.json()["error"]["data"]["request_id"].is_string());

    let other = format!("Bearer {}", secured.token(3, "1h"));
    let other = secured.node.http().with_header("Authorization", &other);
    assert!(other.call("user.me", json!({})).is_ok(), "another user");
    let said = json!({ "channel_id": 1, "body": "hello" });
    assert!(tab.call("message.send", said).is_ok(), "another class");
    for _ in 0..10 {
        let health = secured.install.operator().call("server.health", json!({}));
        assert!(health.is_ok(), "the operator");
    }
    eventually("a call that is served", || {
        tab.call("user.me", json!({})).ok()
    });
}

#[test]
fn each_class_has_limits_of_its_own() {
    let install = Install::new();
    let node = install.serve_with(&[
        "server.rates.read.per_second=1",
        "server.rates.read.burst=2",
        "server.rates.write.per_second=1",
        "server.rates.write.burst=1",
    ]);
    let http = node.user(2);
    let codes = |method: &str, params: &serde_json::Value| -> Vec<i64> {
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let body = json!([call, call, call]).to_string();
        let answers = http.post("/rpc", &body).expect("an answer").json();
        let answers = answers.as_array().expect("a batch").iter();
        answers
            .map(|answer| answer["error"]["code"].as_i64().unwrap_or_default())
            .collect()
    };
    assert_eq!(codes("user.me", &json!({})), [0, 0, -32010]);
    let params = json!({ "name": "w" });
    assert_eq!(codes("workspace.create", &params), [0, -32010, -32010]);
}
