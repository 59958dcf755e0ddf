//! Who is let in, as whom, from where, and for how long.

use std::time::Duration;

use antiphon_test_support::{
    Begun, Closed, Install, Refused, Secured, Tab, base64url, eventually, now, unbase64url,
};
use serde_json::{Value, json};

const V1: &str = "antiphon.v1";

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// The offer of a browser, which can set no header but this one.
fn offer(token: &str) -> String {
    format!("{V1}, bearer.{}", base64url(token))
}

/// How an upgrade with this offer ends, as a browser sees it.
fn browser_end(address: &str, path: &str, protocols: &str) -> Closed {
    let headers = [("Sec-WebSocket-Protocol", protocols)];
    let mut tab = Tab::connect(address, path, &headers).expect("the upgrade is made");
    assert!(tab.headers.contains_key("sec-websocket-protocol"));
    tab.end()
}

fn is_user(tab: Tab, user: i64) {
    let mut tab = Begun::by(tab).tab;
    let me = tab.call("user.me", json!({})).expect("is somebody");
    assert_eq!(me["user"]["id"], user);
}

#[test]
fn a_token_comes_in_a_header_a_subprotocol_or_a_cookie_with_an_origin() {
    let secured = Secured::default();
    let (node, token) = (&secured.node, secured.token(2, "1h"));
    let open = |path: &str, headers: &[(&str, &str)]| Tab::connect(&node.address, path, headers);
    let own = format!("http://{}", node.address);
    let cookie = format!("theme=dark; antiphon_token={token}; a=b");
    let protocols = offer(&token);
    for path in ["/ws/user/2", "/ws/user/me"] {
        let tab = open(path, &[("Authorization", &bearer(&token))]).expect("is let in");
        assert!(!tab.headers.contains_key("sec-websocket-protocol"));
        is_user(tab, 2);
        let tab = open(path, &[("Sec-WebSocket-Protocol", &protocols)]).expect("is let in");
        let echoed: Vec<_> = tab
            .headers
            .get_all("sec-websocket-protocol")
            .iter()
            .collect();
        assert_eq!(echoed, [V1], "the token is not repeated");
        is_user(tab, 2);
        for origin in [&*own, "https://app.example"] {
            let tab = open(path, &[("Cookie", &cookie), ("Origin", origin)]).expect("is let in");
            is_user(tab, 2);
        }
    }
    let refused = open("/ws/user/2", &[("Cookie", &cookie)])
        .err()
        .expect("no origin");
    assert_eq!(refused.status, 403);
}

#[test]
fn a_ticket_opens_one_connection_once() {
    let secured = Secured::default();
    let node = &secured.node;
    let token = secured.token(2, "1h");
    let http = node.http().with_header("Authorization", &bearer(&token));
    let ticket = || {
        let issued = http.call("session.ticket", json!({})).expect("a ticket");
        issued["ticket"].as_str().expect("text").to_owned()
    };
    let first = ticket();
    let path = format!("/ws/user/me?ticket={first}");
    is_user(
        Tab::connect(&node.address, &path, &[]).expect("is let in"),
        2,
    );
    for _ in 0..2 {
        let again = Tab::connect(&node.address, &path, &[])
            .err()
            .expect("is spent");
        assert_eq!(again.status, 401);
    }
    assert_eq!(browser_end(&node.address, &path, V1), Closed::With(4004));
    // Another user's path spends it all the same, and lets nobody in.
    let second = ticket();
    let path = format!("/ws/user/1?ticket={second}");
    let refused = Tab::connect(&node.address, &path, &[])
        .err()
        .expect("is not theirs");
    assert_eq!(refused.status, 403);
    let path = format!("/ws/user/2?ticket={second}");
    assert!(Tab::connect(&node.address, &path, &[]).is_err());
}

#[test]
fn a_ticket_ends_with_the_token_it_came_from() {
    let secured = Secured::default();
    let node = &secured.node;
    let token = secured.token(2, "3s");
    let http = node.http().with_header("Authorization", &bearer(&token));
    let issued = http.call("session.ticket", json!({})).expect("a ticket");
    let ticket = issued["ticket"].as_str().expect("text");
    let claims = unbase64url(token.split('.').nth(1).expect("three parts"));
    let end = claims["exp"].as_i64().expect("a time") * 1000;
    assert!(issued["expires_at"].as_i64().expect("a time") <= end);
    let path = format!("/ws/user/me?ticket={ticket}");
    let mut tab = Tab::connect(&node.address, &path, &[]).expect("is let in");
    assert_eq!(tab.end(), Closed::With(4009));
}

#[test]
fn whoever_shows_nothing_good_is_refused() {
    let secured = Secured::default();
    let node = &secured.node;
    let good = secured.token(2, "1h");
    let claims = good.split('.').nth(1).expect("three parts");
    let unsigned = format!("{}.{claims}.", base64url(r#"{"alg":"none","typ":"JWT"}"#));
    let mut forged = good.clone();
    forged.pop();
    let bad = [
        "",
        "x",
        "dev:2",
        &unsigned,
        &forged,
        &secured.foreign_token(2),
    ];
    for token in bad {
        let refused = Tab::connect(
            &node.address,
            "/ws/user/2",
            &[("Authorization", &bearer(token))],
        );
        is_refused(&refused.err().expect(token), 401);
        let end = browser_end(&node.address, "/ws/user/2", &offer(token));
        assert_eq!(end, Closed::With(4004), "{token}");
        let http = node.http().with_header("Authorization", &bearer(token));
        let answer = http.post("/rpc", "{}").expect("an answer");
        assert_eq!(answer.status, 401, "{token}");
        assert_eq!(answer.json()["error"]["code"], -32001);
    }
    let nothing = Tab::connect(&node.address, "/ws/user/2", &[]).err();
    is_refused(&nothing.expect("no token"), 401);
    assert_eq!(
        browser_end(&node.address, "/ws/user/2", V1),
        Closed::With(4004)
    );
    let strangers = [
        ("/ws/user/1", 403),
        ("/ws/user/", 403),
        ("/ws/user/02x", 403),
    ];
    for (path, status) in strangers {
        let refused = Tab::connect(&node.address, path, &[("Authorization", &bearer(&good))]);
        is_refused(&refused.err().expect(path), status);
        assert_eq!(
            browser_end(&node.address, path, &offer(&good)),
            Closed::With(4004)
        );
    }
}

fn is_refused(refused: &Refused, status: u16) {
    assert_eq!(refused.status, status, "{refused:?}");
    let body: Value = serde_json::from_str(&refused.body).expect("a JSON body");
    assert!(body["error"]["message"].is_string(), "{body}");
}

#[test]
fn a_token_in_the_query_is_refused_even_when_it_is_good() {
    let secured = Secured::default();
    let (node, token) = (&secured.node, secured.token(2, "1h"));
    for name in ["token", "access_token", "%74oken"] {
        let path = format!("/ws/user/2?{name}={token}");
        for headers in [&[][..], &[("Authorization", &*bearer(&token))]] {
            let refused = Tab::connect(&node.address, &path, headers).err();
            is_refused(&refused.expect("is refused"), 401);
        }
        assert_eq!(
            browser_end(&node.address, &path, &offer(&token)),
            Closed::With(4004)
        );
        let http = node.http().with_header("Authorization", &bearer(&token));
        let answer = http
            .post(&format!("/rpc?{name}={token}"), "{}")
            .expect("an answer");
        assert_eq!(answer.status, 401);
        let answer = http
            .get(&format!("/sse/user/2?{name}={token}"))
            .expect("an answer");
        assert_eq!(answer.status, 401);
    }
}

#[test]
fn a_client_of_another_version_is_told_so_in_a_way_it_can_read() {
    let (_install, node) = Install::running();
    for offered in ["antiphon.v2", "antiphon.v0, antiphon.v2"] {
        let protocols = format!("{offered}, bearer.{}", base64url("dev:1"));
        let end = browser_end(&node.address, "/ws/user/1", &protocols);
        assert_eq!(end, Closed::With(4012), "{offered}");
    }
    let both = format!("antiphon.v2, {}", offer("dev:1"));
    let headers = [("Sec-WebSocket-Protocol", &*both)];
    let tab = Tab::connect(&node.address, "/ws/user/1", &headers).expect("v1 will do");
    assert_eq!(tab.headers["sec-websocket-protocol"], V1);
    is_user(tab, 1);
}

#[test]
fn a_connection_ends_with_its_token_and_comes_back_with_a_new_one() {
    let secured = Secured::default();
    let node = &secured.node;
    let token = secured.token(1, "2s");
    let authorization = bearer(&token);
    let headers = [("Authorization", &*authorization)];
    let mut tab = Tab::connect(&node.address, "/ws/user/1", &headers).expect("is let in");
    let mut stream =
        antiphon_test_support::EventStream::open(&node.address, "/sse/user/1", &headers)
            .expect("is let in");
    let live = tab.until("live");
    assert_eq!(tab.end(), Closed::With(4009));
    let last = std::iter::from_fn(|| stream.next_event())
        .last()
        .expect("a last word");
    assert_eq!(last.data, json!({ "type": "closed", "code": 4009 }));
    let refused = Tab::connect(&node.address, "/ws/user/1", &headers).err();
    is_refused(&refused.expect("has ended"), 401);
    assert_eq!(
        browser_end(&node.address, "/ws/user/1", &offer(&token)),
        Closed::With(4009)
    );
    secured.install.say(2, 3);
    let fresh = bearer(&secured.token(1, "1h"));
    let path = format!("/ws/user/1?pos={}", live["pos"]);
    let tab = Tab::connect(&node.address, &path, &[("Authorization", &fresh)]);
    let begun = Begun::by(tab.expect("is let in"));
    assert_eq!(begun.outcome(), ("ring", None));
}

#[test]
fn a_revoked_token_ends_its_connections_and_opens_no_more() {
    let mut secured = Secured::default();
    let (one, other) = (secured.token(1, "1h"), secured.token(1, "1h"));
    let open = |secured: &Secured, token: &str| {
        let headers = [("Authorization", &*bearer(token))];
        Tab::connect(&secured.node.address, "/ws/user/1", &headers)
    };
    let mut tabs: Vec<_> = [&one, &one, &other]
        .map(|token| Begun::by(open(&secured, token).expect("is let in")).tab)
        .into();
    let claims = unbase64url(one.split('.').nth(1).expect("three parts"));
    let params = json!({ "user_id": 1, "jti": claims["jti"] });
    let socket = secured.install.run_dir().join("rpc.sock");
    let socket = socket.to_str().expect("text");
    let folder = secured.install.folder();
    let args = [
        "call",
        "token.revoke",
        &params.to_string(),
        "--socket",
        socket,
    ];
    let (code, _, errors) = antiphon_test_support::Process::run(folder, &args);
    assert_eq!(code, 0, "{errors}");
    let revoked = now();

    for tab in &mut tabs[..2] {
        assert_eq!(tab.end(), Closed::With(4014));
    }
    assert!(revoked.elapsed() < Duration::from_secs(1), "too slow");
    assert!(
        tabs[2].call("user.me", json!({})).is_ok(),
        "the other token is good"
    );
    for round in ["before", "after"] {
        eventually("a refusal", || open(&secured, &one).err());
        is_refused(&open(&secured, &one).err().expect(round), 401);
        let end = browser_end(&secured.node.address, "/ws/user/1", &offer(&one));
        assert_eq!(end, Closed::With(4014), "{round} the restart");
        let http = secured
            .node
            .http()
            .with_header("Authorization", &bearer(&one));
        assert_eq!(http.post("/rpc", "{}").expect("an answer").status, 401);
        assert_eq!(http.get("/sse/user/1").expect("an answer").status, 204);
        assert!(open(&secured, &other).is_ok());
        secured.restart_gateway();
    }
    // All of a user's tokens so far, whatever their names.
    secured
        .install
        .operator()
        .call("token.revoke", json!({ "user_id": 1 }))
        .expect("is revoked");
    eventually("a refusal", || open(&secured, &other).err());
}

#[test]
fn a_token_from_token_issue_opens_a_tab_that_token_revoke_closes_within_a_second() {
    let secured = Secured::default();
    let issued = |user: i64| {
        let params = json!({ "user_id": user, "ttl_ms": 3_600_000 });
        let issued = secured.install.operator().call("token.issue", params);
        let issued = issued.expect("a token");
        let text = |field: &str| issued[field].as_str().expect("text").to_owned();
        (text("token"), text("jti"))
    };
    let open = |token: &str| {
        let headers = [("Authorization", &*bearer(token))];
        let tab = Tab::connect(&secured.node.address, "/ws/user/me", &headers);
        Begun::by(tab.expect("is let in")).tab
    };
    let ((one, jti), (other, _)) = (issued(2), issued(2));
    let (mut lost, mut kept, mut witness) = (open(&one), open(&other), open(&other));
    let revoked = now();
    kept.call("token.revoke", json!({ "jti": jti }))
        .expect("is one's own");
    assert_eq!(lost.end(), Closed::With(4014));
    assert!(revoked.elapsed() < Duration::from_secs(1), "too slow");
    // The event may come before the answer to who made the call.
    let heard = witness.until("token.revoked");
    assert_eq!(heard["data"], json!({ "user_id": 2, "jti": jti }));

    let external = Secured::with("info", &["--set", "server.provision_unknown=true"]);
    let token = external.external_token("crm-81", "1h");
    let headers = [("Authorization", &*bearer(&token))];
    let tab = Tab::connect(&external.node.address, "/ws/user/me", &headers);
    let mut tab = Begun::by(tab.expect("is let in")).tab;
    let me = tab.call("user.me", json!({})).expect("is somebody");
    let revoked = now();
    let params = json!({ "user_id": me["user"]["id"] });
    let operator = external.install.operator();
    operator.call("token.revoke", params).expect("is revoked");
    assert_eq!(tab.end(), Closed::With(4014));
    assert!(revoked.elapsed() < Duration::from_secs(1), "too slow");
    let refused = Tab::connect(&external.node.address, "/ws/user/me", &headers).err();
    is_refused(&refused.expect("is barred"), 401);
}
