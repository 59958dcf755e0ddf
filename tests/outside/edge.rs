//! What the edge believes of a request, and what it keeps to itself.

use std::{fs, path::Path};

use antiphon_test_support::{Begun, Install, Secured, Tab, base64url};
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

/// All that processes wrote into a folder.
fn logs(folder: &Path) -> String {
    let files = fs::read_dir(folder).expect("is readable").flatten();
    let logs = files.filter(|file| {
        let name = file.file_name().to_string_lossy().into_owned();
        !name.contains("-token.") && (name.ends_with(".out") || name.ends_with(".err"))
    });
    logs.map(|file| fs::read_to_string(file.path()).expect("is text"))
        .collect()
}

#[test]
fn no_secret_is_ever_logged_however_much_is() {
    let mut secured = Secured::new("trace");
    let token = secured.token(1, "1h");
    let bearer = format!("Bearer {token}");
    let node = &secured.node;
    let http = node.http().with_header("Authorization", &bearer);
    let issue = || {
        let issued = http.call("session.ticket", json!({})).expect("a ticket");
        issued["ticket"].as_str().expect("text").to_owned()
    };
    let tickets = [issue(), issue(), issue()];
    let open = |path: &str, headers: &[(&str, &str)]| {
        let opened = Tab::connect(&node.address, path, headers);
        opened.map(|tab| drop(Begun::by(tab)))
    };
    open("/ws/user/1", &[("Authorization", &bearer)]).expect("is let in");
    open(&format!("/ws/user/1?ticket={}", tickets[0]), &[]).expect("is let in");
    assert!(open(&format!("/ws/user/1?ticket={}", tickets[0]), &[]).is_err());
    assert!(open(&format!("/ws/user/2?ticket={}", tickets[1]), &[]).is_err());
    assert!(open(&format!("/ws/user/1?token={token}"), &[]).is_err());
    let protocols = format!("antiphon.v1, bearer.{}", base64url(&token));
    open("/ws/user/1", &[("Sec-WebSocket-Protocol", &protocols)]).expect("is let in");
    let own = format!("http://{}", node.address);
    let cookie = format!("antiphon_token={token}");
    open("/ws/user/1", &[("Cookie", &cookie), ("Origin", &own)]).expect("is let in");
    assert!(open("/ws/user/1", &[("Cookie", &cookie)]).is_err());
    let bad = format!("Basic {token}");
    assert!(open("/ws/user/1", &[("Authorization", &bad)]).is_err());
    let answer = http
        .get(&format!("/rpc?ticket={}", tickets[2]))
        .expect("an answer");
    assert_eq!(answer.status, 405);
    // And when the server cannot be asked.
    secured.install.kill_server();
    let away = open(&format!("/ws/user/1?ticket={}", tickets[2]), &[]).err();
    assert_eq!(away.expect("nobody to ask").status, 503);
    assert!(http.call("user.me", json!({})).is_err());
    secured.node.process.signal("TERM");
    secured.node.process.wait();

    let logs = logs(secured.install.folder());
    assert!(
        logs.contains("TRACE") || logs.contains("DEBUG"),
        "it does log"
    );
    let signature = token.rsplit('.').next().expect("three parts");
    let encoded = base64url(&token);
    let secrets = tickets.iter().map(|ticket| &**ticket);
    let secrets = secrets.chain([&*token, signature, &*encoded, "a signing key of"]);
    for secret in secrets {
        assert!(!logs.contains(secret), "a secret is in the log");
    }
}

#[test]
fn a_development_token_is_not_logged_either() {
    let install = Install::new();
    let mut both = install.serve("trace");
    assert!(both.user(3).call("user.me", json!({})).is_ok());
    drop(both.live(3, ""));
    both.process.signal("TERM");
    assert!(both.process.wait().success());
    let logs = logs(install.folder());
    assert!(!logs.contains("dev:3"), "{logs}");
    let files = fs::read_dir(install.folder()).expect("is readable");
    assert!(files.count() >= 2);
}
