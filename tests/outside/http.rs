//! The gateway's plain HTTP.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use antiphon_test_support::{Install, Node};
use serde_json::{Value, json};

fn raw(node: &Node, text: &str) -> String {
    let mut stream = TcpStream::connect(&node.address).expect("the gateway listens");
    stream
        .set_read_timeout(Some(antiphon_test_support::PATIENCE))
        .expect("has a timeout");
    stream
        .write_all(text.as_bytes())
        .expect("the gateway reads");
    let mut answer = Vec::new();
    // What was answered before the connection was cut counts.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn health_readiness_and_the_document_are_for_everybody() {
    let (mut install, node) = Install::running();
    let get = |path: &str| node.http().get(path).expect("an answer");
    assert_eq!(get("/healthz").status, 200);
    assert_eq!(get("/readyz").status, 200);
    let document = get("/openrpc.json");
    assert_eq!(document.status, 200);
    assert_eq!(document.header("content-type"), Some("application/json"));
    let committed: Value = serde_json::from_str(include_str!("../../openrpc.json")).expect("JSON");
    assert_eq!(document.json(), committed);
    let discovered = node
        .user(1)
        .call("rpc.discover", json!({}))
        .expect("the document");
    assert_eq!(discovered, committed);

    install.kill_server();
    assert_eq!(get("/healthz").status, 200);
    antiphon_test_support::eventually("a gateway that is not ready", || {
        let ready = get("/readyz");
        let unready = json!({ "ready": false, "reasons": ["link_down"], "canary": null });
        (ready.status == 503 && ready.json() == unready).then_some(())
    });
    let away = get("/openrpc.json");
    assert_eq!((away.status, away.header("retry-after")), (503, Some("1")));
    install.start_server();
    antiphon_test_support::eventually("a gateway that is ready again", || {
        (get("/readyz").status == 200).then_some(())
    });
}

#[test]
fn a_call_that_fails_sets_the_status_and_a_batch_does_not() {
    let (_install, node) = Install::running();
    let post = |body: &Value| {
        node.user(2)
            .post("/rpc", &body.to_string())
            .expect("an answer")
    };
    let call = |method: &str, params: Value| {
        post(&json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }))
    };
    let answer = call("user.me", json!({}));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert!(answer.header("antiphon-request-id").is_some());
    assert_eq!(call("user.get", json!({ "user_id": 99 })).status, 404);
    let long = "x".repeat(40_000);
    assert_eq!(
        call("message.send", json!({ "channel_id": 1, "body": long })).status,
        413
    );
    let add = json!({ "workspace_id": 1, "user_id": 3 });
    assert_eq!(call("workspace.add_member", add).status, 403);
    for (method, params) in [
        ("no.such", json!({})),
        ("user.get", json!({ "user_id": "x" })),
    ] {
        assert_eq!(call(method, params).status, 200, "{method}");
    }
    assert_eq!(
        post(&json!([{ "jsonrpc": "2.0", "id": 1, "method": "no.such" }])).status,
        200
    );
    let silent = json!({ "jsonrpc": "2.0", "method": "user.me" });
    let answer = post(&silent);
    assert_eq!((answer.status, &*answer.body), (204, ""));
    let broken = node.user(2).post("/rpc", "{").expect("an answer");
    assert_eq!(broken.json()["error"]["code"], -32700);
    let named = node.user(2).with_header("Antiphon-Request-Id", "abc-1");
    let answer = named.post("/rpc", "{").expect("an answer");
    assert_eq!(answer.header("antiphon-request-id"), Some("abc-1"));
    assert_eq!(answer.json()["error"]["data"]["request_id"], "abc-1");
}

#[test]
fn every_refusal_of_a_call_has_a_request_id() {
    let (mut install, node) = Install::running();
    let nobody = node.http().post("/rpc", "{}").expect("an answer");
    assert_eq!(nobody.status, 401);
    assert!(
        nobody.json()["error"]["data"]["request_id"].is_string(),
        "{}",
        nobody.body
    );
    assert!(nobody.header("antiphon-request-id").is_some());
    install.kill_server();
    let me = r#"{"jsonrpc":"2.0","id":7,"method":"user.me"}"#;
    let named = node.user(1).with_header("Antiphon-Request-Id", "abc-1");
    let away = named.post("/rpc", me).expect("an answer");
    assert_eq!((away.status, away.header("retry-after")), (503, Some("1")));
    assert_eq!(away.header("antiphon-request-id"), Some("abc-1"));
    let answer = away.json();
    assert_eq!(
        (&answer["id"], &answer["error"]["code"]),
        (&json!(7), &json!(-32050))
    );
    assert_eq!(answer["error"]["data"]["request_id"], "abc-1");
    assert_eq!(answer["error"]["data"]["indeterminate"], false);
}

#[test]
fn a_request_of_more_than_a_mebibyte_is_too_large() {
    let (_install, node) = Install::running();
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"user.me"{}}}"#,
        " ".repeat(1 << 20)
    );
    let answer = node.user(1).post("/rpc", &body).expect("an answer");
    assert_eq!(answer.status, 413);
    let error = &answer.json()["error"];
    assert_eq!(
        (&error["code"], &error["data"]["limit"]),
        (&json!(-32013), &json!(1 << 20))
    );
    let fits = body
        .replace(' ', "")
        .replace('}', &format!("{}}}", " ".repeat(1_000_000)));
    assert_eq!(
        node.user(1).post("/rpc", &fits).expect("an answer").status,
        200
    );
}

#[test]
fn the_page_comes_with_a_policy_and_nothing_else_is_there() {
    let (_install, node) = Install::running();
    let page = node.http().get("/").expect("an answer");
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("default-src 'self'"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(
        !page.body.contains("<script>"),
        "an inline script would not run"
    );
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    for path in [
        "/nothing",
        "/ws",
        "/ws/user",
        "/sse",
        "/rpc/",
        "/../Cargo.toml",
        "//",
        "/%2e%2e/",
    ] {
        assert_eq!(
            node.user(1).get(path).expect("an answer").status,
            404,
            "{path}"
        );
    }
    let wrong = node.user(1).get("/rpc").expect("an answer");
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("POST")));
    let wrong = node.user(1).post("/", "").expect("an answer");
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("GET")));
    assert_eq!(
        node.user(1).post("/nothing", "").expect("an answer").status,
        404
    );
    let plain = node.user(1).get("/ws/user/1").expect("an answer");
    assert_eq!(
        (plain.status, plain.header("upgrade")),
        (426, Some("websocket"))
    );
}

#[test]
fn what_only_the_server_can_decide_waits_for_it_and_the_rest_does_not() {
    let (mut install, node) = Install::running();
    let before = install.head();
    install.say(2, 2);
    node.catches_up(&install);
    let head = install.head();
    install.kill_server();
    // The gateway has seen these pass.
    let tab = node.tab(1, &format!("pos={head}")).expect("is let in");
    let begun = antiphon_test_support::Begun::by(tab);
    assert_eq!(begun.outcome(), ("ring", None));
    let strangers = [before, head + 1, 1];
    for position in strangers {
        let refused = node
            .tab(1, &format!("pos={position}"))
            .err()
            .expect("nobody knows");
        assert_eq!(refused.status, 503, "{position}");
        assert_eq!(refused.headers["retry-after"], "1");
        let path = format!("/ws/user/1?pos={position}");
        let offer = format!(
            "antiphon.v1, bearer.{}",
            antiphon_test_support::base64url("dev:1")
        );
        let headers = [("Sec-WebSocket-Protocol", &*offer)];
        let tab = antiphon_test_support::Tab::connect(&node.address, &path, &headers);
        let end = tab.expect("the upgrade is made").end();
        assert_eq!(end, antiphon_test_support::Closed::With(1013));
        let answer = node.user(1).get(&format!("/sse/user/1?pos={position}"));
        assert_eq!(answer.expect("an answer").status, 503);
    }
    install.start_server();
    antiphon_test_support::eventually("the server's word", || {
        node.tab(1, &format!("pos={before}")).ok()
    });
}

#[test]
fn a_request_that_is_no_http_is_refused_and_the_gateway_lives_on() {
    let (_install, node) = Install::running();
    let many = "X-A: b\r\n".repeat(100);
    let long = "x".repeat(100_000);
    for bad in [
        "\0\0\0\0\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        "GET /\r\n\r\n".to_owned(),
        format!("GET / HTTP/1.1\r\nHost: localhost\r\n{many}\r\n"),
        format!("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: {long}\r\n\r\n"),
        format!("GET /{long} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        "POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n".to_owned(),
        "POST /rpc HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer dev:1\r\n\
         Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}   "
            .to_owned(),
    ] {
        let answer = raw(&node, &bad);
        let shown: String = bad.chars().take(60).collect();
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{shown:?} -> {answer}"
        );
    }
    assert_eq!(node.http().get("/healthz").expect("an answer").status, 200);
}
