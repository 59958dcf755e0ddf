//! The canary, which shows in `/readyz` whether what is committed arrives; and that the probe it sends
//! to is nobody.

use std::time::Duration;

use antiphon_test_support::{Http, Install, Node, Scrape, Tab, eventually, free_address, now};
use serde_json::{Value, json};

/// The probe's id.
const PROBE: i64 = (1 << 53) - 1;
const OFTEN: [&str; 2] = ["gateway.canary_interval=20ms", "gateway.canary_late=1s"];

fn readiness(node: &Node) -> (u16, Value) {
    let answer = eventually("an answer", || {
        let answer = node.http().get("/readyz").ok()?;
        (answer.status != 429).then_some(answer)
    });
    (answer.status, answer.json())
}

/// The canary's newest probe, once there is one that was sent from now on.
fn sung(node: &Node) -> Value {
    let begun = now();
    eventually("a probe that arrives", || {
        let (status, body) = readiness(node);
        let canary = body["canary"].clone();
        let ago = Duration::from_millis(canary["ms_ago"].as_u64()?);
        let total = Duration::from_micros(canary["delivered_us"].as_u64()?);
        (status == 200 && ago + total < begun.elapsed()).then_some(canary)
    })
}

fn becomes(node: &Node, status: u16, reasons: &Value) {
    eventually(&format!("{status} {reasons}"), || {
        let (is, body) = readiness(node);
        (is == status && body["reasons"] == *reasons).then_some(())
    });
}

#[test]
fn each_hop_is_timed_and_none_is_before_the_one_it_comes_from() {
    let install = Install::new();
    let node = install.serve_with(&OFTEN);
    let canary = sung(&node);
    let micros = |hop: &str| canary[hop].as_u64().expect("a time");
    assert!(micros("committed_us") > 0, "{canary}");
    assert!(micros("committed_us") <= micros("answered_us"), "{canary}");
    assert!(micros("linked_us") > 0, "{canary}");
    assert!(micros("linked_us") <= micros("delivered_us"), "{canary}");
}

#[test]
fn a_gateway_whose_canary_is_late_is_not_ready_until_it_arrives_again() {
    let mut install = Install::new();
    install.start_server();
    let node = install.start_gateway_with(&OFTEN);
    sung(&node);
    let server = install.server.as_ref().expect("runs");
    server.signal("STOP");
    becomes(&node, 503, &json!(["canary_late"]));
    server.signal("CONT");
    becomes(&node, 200, &json!([]));
    sung(&node);
}

#[test]
fn whoever_watches_is_told_of_each_hop_and_of_what_is_late_and_without_a_canary_of_nothing() {
    let mut install = Install::new();
    install.start_server();
    let address = free_address();
    let watched = format!("gateway.metrics_listen={address}");
    let node = install.start_gateway_with(&[OFTEN[0], OFTEN[1], &watched]);
    let told = |name: &str, labels: &[(&str, &str)]| {
        Scrape::of(&address).value(&format!("antiphon_gateway_canary_{name}"), labels)
    };
    let probes = |outcome| told("probes_total", &[("outcome", outcome)]);
    sung(&node);
    let of = |hop| told("seconds", &[("hop", hop)]);
    for hop in ["committed", "answered", "linked", "delivered"] {
        assert!(of(hop) > 0.0, "{hop}");
    }
    assert!(probes("arrived") > 0.0);
    assert_eq!((told("late", &[]), probes("failed")), (0.0, 0.0));
    let server = install.server.as_ref().expect("runs");
    server.signal("STOP");
    eventually("one that is late and fails", || {
        (told("late", &[]) == 1.0 && probes("failed") > 0.0).then_some(())
    });
    server.signal("CONT");
    eventually("none that is late", || {
        (told("late", &[]) == 0.0).then_some(())
    });
    drop(node);

    let _other = install.start_gateway_with(&[&watched]);
    let names = Scrape::of(&address).names();
    assert!(
        !names.iter().any(|name| name.contains("canary")),
        "{names:?}"
    );
}

#[test]
fn a_gateway_without_its_server_says_that_and_its_canary_sings_again_when_it_is_back() {
    let mut install = Install::new();
    install.start_server();
    let node = install.start_gateway_with(&OFTEN);
    sung(&node);
    install.server.as_ref().expect("runs").signal("STOP");
    becomes(&node, 503, &json!(["canary_late"]));
    install.kill_server();
    becomes(&node, 503, &json!(["link_down"]));
    install.start_server();
    becomes(&node, 200, &json!([]));
    sung(&node);
}

#[test]
fn without_a_canary_nothing_is_late() {
    let (_install, node) = Install::running();
    let ready = json!({ "ready": true, "reasons": [], "canary": null });
    assert_eq!(readiness(&node), (200, ready));
}

#[test]
fn it_stops_before_the_tabs_leave() {
    let install = Install::new();
    let keys = [OFTEN[0], OFTEN[1], "gateway.drain_window=10m"];
    let mut node = install.serve_with(&keys);
    sung(&node);
    node.process.signal("TERM");
    // Its tab would stay for a part of the window.
    assert!(node.process.wait().success(), "{}", node.process.errors());
}

#[test]
fn it_is_counted_neither_by_its_address_nor_as_a_user() {
    let install = Install::new();
    let keys = [
        OFTEN[0],
        OFTEN[1],
        "gateway.caps.connections_per_address=1",
        "gateway.caps.tabs_per_user=1",
    ];
    let node = install.serve_with(&keys);
    sung(&node);
    let tab = eventually("a tab beside the canary's", || node.tab(1, "").ok());
    assert_eq!(node.tab(2, "").err().expect("is refused").status, 429);
    drop(tab);
    sung(&node);
}

#[test]
fn behind_a_proxy_it_is_not_counted_either() {
    let install = Install::new();
    let keys = [
        OFTEN[0],
        OFTEN[1],
        "gateway.caps.connections_per_address=1",
        "gateway.trusted_proxies=127.0.0.0/8",
    ];
    let node = install.serve_with(&keys);
    sung(&node);
    let headers = [("Authorization", "Bearer dev:1")];
    eventually("a tab beside the canary's", || {
        Tab::connect(&node.address, "/ws/user/me", &headers).ok()
    });
}

#[test]
fn users_hear_nothing_of_it_and_their_numbers_have_no_gap() {
    let install = Install::new();
    let node = install.serve_with(&OFTEN);
    let mut tab = node.tab(1, "").expect("is let in");
    let live = tab.until("live");
    for _ in 0..3 {
        sung(&node);
    }
    install.send(2, 1, "hello");
    let frames = tab.through("message.created");
    let message = frames.last().expect("a message");
    let seq = live["seq"].as_i64().expect("a number");
    assert_eq!(message["seq"], seq + 1);
    for frame in frames {
        assert_ne!(frame["type"], "probe.sent", "{frame}");
        assert_ne!(frame["data"]["user_id"], PROBE, "{frame}");
    }
}

#[test]
fn the_probe_is_nobody_to_users_administrators_and_the_operator() {
    let install = Install::new();
    let node = install.serve_with(&OFTEN);
    sung(&node);
    let ids = |list: &Value, field: &str| -> Vec<i64> {
        let ids = list.as_array().expect("a list").iter();
        ids.map(|one| one[field].as_i64().expect("an id")).collect()
    };
    let all = [1, 2, 3];
    let of = |method: &str, params: Value| install.call(1, method, params);
    let users = of("user.list", json!({ "workspace_id": 1 }));
    assert_eq!(ids(&users["users"], "id"), all);
    let members = of("workspace.members", json!({ "workspace_id": 1 }));
    assert_eq!(ids(&members["members"], "user_id"), all);
    let snapshot = of("state.snapshot", json!({}));
    assert_eq!(ids(&snapshot["users"], "id"), all);
    assert_eq!(ids(&snapshot["presence"], "user_id"), all);
    let present = of("presence.list", json!({ "user_ids": [1, PROBE] }));
    assert_eq!(ids(&present["presence"], "user_id"), [1]);

    let refused = |http: &Http, method: &str, params: Value| {
        http.call(method, params).expect_err("is refused")["code"].clone()
    };
    let operator = install.operator();
    for caller in [&install.user(1), &node.user(1), &operator] {
        let get = json!({ "user_id": PROBE });
        assert_eq!(refused(caller, "user.get", get), -32004);
        let revoke = json!({ "user_id": PROBE });
        assert_eq!(refused(caller, "token.revoke", revoke), -32004);
    }
    let add = json!({ "workspace_id": 1, "user_id": PROBE });
    assert_eq!(
        refused(&install.user(1), "workspace.add_member", add),
        -32004
    );
    for caller in [&install.user(1), &node.user(1)] {
        assert_eq!(refused(caller, "probe.ticket", json!({})), -32601);
        let send = json!({ "nonce": "x" });
        assert_eq!(refused(caller, "probe.send", send), -32601);
    }
}

#[test]
fn nobody_is_let_in_as_the_probe() {
    let install = Install::new();
    let node = install.serve_with(&OFTEN);
    sung(&node);
    let refused = |http: &Http, method: &str| {
        http.call(method, json!({})).expect_err("is refused")["code"].clone()
    };
    assert_eq!(refused(&install.user(PROBE), "session.ticket"), -32001);
    assert_eq!(refused(&install.user(PROBE), "user.me"), -32001);
    assert_eq!(refused(&node.user(PROBE), "user.me"), -32001);
    assert_eq!(node.tab(PROBE, "").err().expect("is refused").status, 401);
}
