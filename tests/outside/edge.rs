//! What the edge believes of a request, and what it keeps to itself.

use antiphon_test_support::{Begun, Install, Secured, Tab};
use serde_json::json;

#[test]
fn only_pages_of_the_own_origin_or_a_listed_one_may_connect() {
    let secured = Secured::default();
    let node = &secured.node;
    let authorization = format!("Bearer {}", secured.token(1, "1h"));
    let own = format!("http://{}", node.address);
    let port = node.address.rsplit(':').next().expect("a port");
    let status = |origins: &[&str], path: &str| {
        let mut http = node.http().with_header("Authorization", &authorization);
        for origin in origins {
            http = http.with_header("Origin", origin);
        }
        for (name, value) in [
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ] {
            http = http.with_header(name, value);
        }
        let me = r#"{"jsonrpc":"2.0","id":1,"method":"user.me"}"#;
        match path {
            "/rpc" => http.post(path, me).expect("an answer").status,
            _ => http.get(path).expect("an answer").status,
        }
    };
    let secure = own.replace("http:", "https:");
    for good in [&[][..], &[&*own], &[&*secure], &["https://app.example"]] {
        assert_eq!(status(good, "/rpc"), 200, "{good:?}");
    }
    let bad = [
        "null".to_owned(),
        String::new(),
        "https://evil.example".to_owned(),
        format!("{own}.evil.example"),
        format!("{own}0"),
        format!("{own}/"),
        format!("{own}/path"),
        format!("ws://{}", node.address),
        format!("http://user@{}", node.address),
        "http://127.0.0.1".to_owned(),
        format!("http://localhost:{port}"),
        "http://app.example".to_owned(),
        "https://app.example:8443".to_owned(),
        "https://app.example.evil.example".to_owned(),
        "https://evilapp.example".to_owned(),
        "https://APP.example".to_owned(),
    ];
    for origin in &bad {
        for path in ["/rpc", "/ws/user/1", "/sse/user/1"] {
            assert_eq!(status(&[origin], path), 403, "{origin:?} at {path}");
        }
    }
    for path in ["/rpc", "/ws/user/1", "/sse/user/1"] {
        assert_eq!(status(&[&own, "https://evil.example"], path), 403);
        assert_eq!(status(&["https://evil.example", &own], path), 403);
    }
    // Before the token: a page that may not talk to us learns nothing about it.
    let http = node.http().with_header("Origin", "https://evil.example");
    assert_eq!(http.post("/rpc", "{}").expect("an answer").status, 403);
}

#[test]
fn in_development_the_host_is_a_loopback_one() {
    let (_install, node) = Install::running();
    let (_, port) = node.address.split_once(':').expect("a port");
    let status = |host: &str, path: &str| {
        let http = node.user(1).with_header("Host", host);
        http.get(path).expect("an answer").status
    };
    for good in ["localhost", "127.0.0.1", "[::1]"] {
        assert_eq!(status(&format!("{good}:{port}"), "/healthz"), 200, "{good}");
    }
    for bad in [
        "evil.example",
        "localhost.evil.example",
        "10.0.0.1",
        "",
        "127.0.0.1.nip.io",
    ] {
        for path in ["/", "/healthz", "/sse/user/1", "/openrpc.json"] {
            assert_eq!(status(bad, path), 403, "{bad:?} at {path}");
        }
    }
}

#[test]
fn nobody_becomes_somebody_else_through_the_gateway() {
    let (install, node) = Install::running();
    let meddled = || {
        node.user(2)
            .with_header("Antiphon-User", "1")
            .with_header("antiphon-user", "3")
            .with_header("Antiphon-Token-Id", "forged")
            .with_header("Antiphon-Token-Expires", "1")
            .with_header("Antiphon-Token-Issued", "1")
    };
    let me = meddled().call("user.me", json!({})).expect("is somebody");
    assert_eq!(me["user"]["id"], 2);
    let ticket = meddled()
        .call("session.ticket", json!({}))
        .expect("a ticket");
    assert!(ticket["expires_at"].as_i64().expect("a time") > 1);
    // With a header that names the one who says which headers are not passed on.
    let hop = meddled().with_header("Connection", "Antiphon-User, close");
    assert_eq!(hop.call("user.me", json!({})).expect("is")["user"]["id"], 2);

    let headers = [("Authorization", "Bearer dev:2"), ("Antiphon-User", "1")];
    let tab = Tab::connect(&node.address, "/ws/user/me", &headers).expect("is let in");
    let mut tab = Begun::by(tab).tab;
    assert_eq!(tab.call("user.me", json!({})).expect("is")["user"]["id"], 2);
    let refused = Tab::connect(&node.address, "/ws/user/1", &headers).err();
    assert_eq!(refused.expect("is another").status, 403);

    let internal = [
        ("session.redeem", json!({ "ticket": "x" })),
        ("user.resolve", json!({ "external_id": "x" })),
        (
            "events.replay",
            json!({ "user_id": 1, "after": 1, "through": 1, "first": true }),
        ),
    ];
    for (method, params) in internal {
        let error = meddled().call(method, params.clone()).expect_err(method);
        assert_eq!(error["code"], -32601, "{method}: {error}");
        assert_eq!(
            tab.call(method, params.clone()).expect_err(method)["code"],
            -32601
        );
        let error = install.user(1).call(method, params).expect_err(method);
        assert_eq!(error["code"], -32601, "{method} as a user on rpc.sock");
    }
    let absent = node
        .user(1)
        .call("no.such_method", json!({}))
        .expect_err("is absent");
    let hidden = node
        .user(1)
        .call("user.resolve", json!({}))
        .expect_err("is hidden");
    let text = |error: &serde_json::Value, name: &str| {
        error["message"].as_str().expect("text").replace(name, "…")
    };
    assert_eq!(
        text(&absent, "no.such_method"),
        text(&hidden, "user.resolve")
    );
}
