//! `antiphon doctor`: what it finds where all is well, and where something is not.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use antiphon_test_support::{Install, Node, Supervisor};
use serde_json::{Value, json};

use crate::{
    activation::{listener, unix},
    cli::run,
};

/// What it found, having ended with `code`.
fn doctor(install: &Install, gateway: &str, more: &[&str], code: i32) -> Value {
    let (data, url) = (install.data(), format!("http://{gateway}"));
    let data = data.to_str().expect("is text");
    let args = ["doctor", "--dev", "--data", data, "--gateway", &url];
    let (is, output, errors) = run(install, &[&args, more].concat());
    assert_eq!(is, code, "{output}{errors}");
    let report: Value = serde_json::from_str(&output).expect("is JSON");
    assert_eq!(report["well"], code == 0);
    report
}

/// The names of the checks that failed, each with what to do.
fn failed(report: &Value) -> Vec<&str> {
    let checks = report["checks"].as_array().expect("a list").iter();
    let failed = checks.filter(|check| check["verdict"] == "fail");
    failed
        .map(|check| {
            assert!(check["remedy"].is_string(), "{check}");
            check["check"].as_str().expect("a name")
        })
        .collect()
}

fn found<'a>(report: &'a Value, name: &str) -> &'a Value {
    let mut checks = report["checks"].as_array().expect("a list").iter();
    let check = checks.find(|check| check["check"] == name);
    check.unwrap_or_else(|| panic!("no {name} in {report}"))
}

fn each_hop_is_timed(report: &Value) {
    let hops = report["probe"].as_array().expect("a list");
    let names: Vec<_> = hops.iter().map(|hop| &hop["hop"]).collect();
    assert_eq!(
        names,
        ["opened", "committed", "answered", "linked", "delivered"]
    );
    for hop in hops {
        assert!(hop["us"].as_u64().is_some_and(|us| us > 0), "{report}");
    }
}

fn all_is_well(install: &Install, node: &Node) {
    let report = doctor(install, &node.address, &["--deep"], 0);
    each_hop_is_timed(&report);
    for name in [
        "configuration",
        "data",
        "database",
        "integrity",
        "rpc.sock",
        "server",
        "gateway",
        "ready",
        "clock",
        "probe",
    ] {
        assert_eq!(found(&report, name)["verdict"], "ok", "{report}");
    }
    let files = &found(&report, "open files")["found"];
    let files = files.as_str().expect("is text");
    assert!(files.contains("16384 connections"), "{files}");
}

#[test]
fn where_all_is_well_each_hop_of_an_event_is_timed() {
    let install = Install::new();
    let node = install.serve("info");
    all_is_well(&install, &node);
    let before = install.head();
    doctor(&install, &node.address, &[], 0);
    assert_eq!(install.head(), before + 1, "one event is one event");
}

#[test]
fn where_server_and_gateway_are_apart_it_is_the_same() {
    let (install, node) = Install::running();
    all_is_well(&install, &node);
}

/// As systemd has it: what listens is opened by another process, and not in the data folder.
#[test]
fn where_the_sockets_were_passed_on_it_is_the_same_and_the_limit_is_the_gateway_s() {
    let install = Install::new();
    let run = install.folder().join("run");
    fs::create_dir(&run).expect("the folder is writable");
    let data = install.data().display().to_string();
    let _server = Supervisor::new(install.folder(), "server")
        .with("events", unix(&run, "events.sock"))
        .with("rpc", unix(&run, "rpc.sock"))
        .start(&["server", "--dev", "--data", &data]);
    let (http, address) = listener();
    let run = run.display().to_string();
    let supervisor = Supervisor::new(install.folder(), "gateway").with("http", http);
    let gateway = supervisor.start(&["gateway", "--dev", "--server", &run]);
    let limited = Command::new("prlimit")
        .args(["--nofile=900:", "--pid", &gateway.id().to_string()])
        .status();
    assert!(limited.expect("prlimit runs").success());
    let place = format!("gateway.server={run}");
    let report = doctor(&install, &address, &["--set", &place], 0);
    each_hop_is_timed(&report);
    let files = found(&report, "open files")["found"].as_str();
    let files = files.expect("is text");
    assert!(files.starts_with("900 for the gateway"), "{files}");
}

#[test]
fn it_does_not_wait_for_its_turn_behind_a_canary() {
    let install = Install::new();
    let keys = [
        "gateway.canary_interval=20ms",
        "gateway.caps.tabs_per_user=1",
    ];
    let node = install.serve_with(&keys);
    each_hop_is_timed(&doctor(&install, &node.address, &[], 0));
}

#[test]
fn a_server_that_is_down_is_named_and_the_gateway_looked_at() {
    let (mut install, node) = Install::running();
    install.kill_server();
    let report = doctor(&install, &node.address, &[], 1);
    assert_eq!(failed(&report), ["rpc.sock", "ready", "probe"]);
    assert_eq!(found(&report, "gateway")["verdict"], "ok");
    let ready = found(&report, "ready")["found"].as_str().expect("is text");
    assert!(ready.contains("link_down"), "{ready}");
    assert_eq!(report["probe"], json!([]));
}

#[test]
fn a_gateway_that_is_down_is_named_and_the_server_looked_at() {
    let (install, mut node) = Install::running();
    node.process.kill();
    let report = doctor(&install, &node.address, &[], 1);
    assert_eq!(failed(&report), ["gateway", "probe"]);
    assert_eq!(found(&report, "server")["verdict"], "ok");
}

#[test]
fn events_that_do_not_leave_the_server_are_missed_where_they_should_be() {
    let mut install = Install::new();
    install.start_server();
    let (node, proxy) = install.start_gateway_behind_proxy("events.sock");
    proxy.hold();
    let report = doctor(&install, &node.address, &[], 1);
    assert_eq!(failed(&report), ["probe"]);
    let hops = report["probe"].as_array().expect("a list");
    let seen: Vec<bool> = hops.iter().map(|hop| hop["us"].is_u64()).collect();
    assert_eq!(seen, [true, true, true, true, false], "{report}");
    let remedy = found(&report, "probe")["remedy"].as_str().expect("is text");
    assert!(remedy.contains("gateway"), "{remedy}");
}

#[test]
fn files_that_others_may_read_are_named_with_what_to_do() {
    let install = Install::new().signing();
    let node = install.serve("info");
    let key = install.folder().join("key");
    let flag = ["--signing-key", key.to_str().expect("is text")];
    let mode = |path: &Path, mode: u32| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("is ours");
    };
    let files: [(PathBuf, u32, u32, &str); 3] = [
        (install.data(), 0o755, 0o750, "data"),
        (install.database(), 0o640, 0o600, "database"),
        (key.clone(), 0o604, 0o600, "key"),
    ];
    for (path, wrong, ..) in &files {
        mode(path, *wrong);
    }
    let report = doctor(&install, &node.address, &flag, 1);
    assert_eq!(failed(&report), ["data", "database", "key"]);
    for (path, _, right, name) in &files {
        let remedy = found(&report, name)["remedy"].as_str().expect("is text");
        let chmod = format!("chmod {right:o} {}", path.display());
        assert!(remedy.contains(&chmod), "{remedy}");
        mode(path, *right);
    }
    doctor(&install, &node.address, &flag, 0);
}

#[test]
fn what_is_wrong_with_the_configuration_is_said_with_its_line() {
    let install = Install::new();
    let text = "[gateway]\nlingr = \"3s\"\n";
    fs::write(install.folder().join("bad.toml"), text).expect("writes");
    let report = doctor(&install, "127.0.0.1:1", &["--config", "bad.toml"], 1);
    assert_eq!(failed(&report), ["configuration"]);
    let said = found(&report, "configuration")["found"].as_str();
    let said = said.expect("is text");
    assert!(
        said.contains("bad.toml:2") && said.contains("gateway.linger"),
        "{said}"
    );
    let report = doctor(
        &install,
        "127.0.0.1:1",
        &["--set", "gateway.allowed_origins=*"],
        1,
    );
    assert_eq!(found(&report, "configuration")["verdict"], "fail");
    assert_eq!(found(&report, "gateway")["verdict"], "fail", "goes on");
}
