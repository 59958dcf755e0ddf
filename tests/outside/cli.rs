//! The command line: what it prints, what it complains of, and how it ends.

use std::{collections::HashSet, fs, path::Path};

use antiphon_test_support::{Install, Process, eventually, pos};
use serde_json::{Value, json};

pub(crate) fn run(install: &Install, args: &[&str]) -> (i32, String, String) {
    Process::run(install.folder(), args)
}

fn text(path: &Path) -> String {
    path.to_str().expect("the path is text").to_owned()
}

#[test]
fn help_is_for_reading() {
    let install = Install::new();
    let commands = [
        "serve",
        "server",
        "gateway",
        "call",
        "tail",
        "completions",
        "token",
        "config",
        "backup",
        "doctor",
    ];
    let (code, help, _) = run(&install, &["--help"]);
    assert_eq!(code, 0);
    for command in commands {
        assert!(help.contains(command), "{help}");
        let (code, help, _) = run(&install, &[command, "--help"]);
        assert_eq!(code, 0);
        assert!(help.contains("Usage: antiphon"), "{help}");
        for line in help
            .lines()
            .filter(|line| line.trim_start().starts_with('-'))
        {
            let described = line.trim().contains("  ") || help.contains("          ");
            assert!(described, "{command}: {line}");
        }
    }
    let (code, version, _) = run(&install, &["--version"]);
    assert_eq!((code, version.starts_with("antiphon 0.")), (0, true));
}

#[test]
fn what_cannot_be_meant_is_exit_64_and_points_to_help() {
    let install = Install::new();
    let data = text(&install.data());
    let wrong: &[&[&str]] = &[
        &[],
        &["dance"],
        &["serve", "--dance"],
        &["serve", "--listen", "nowhere"],
        &["serve", "--drain-window", "5"],
        &["call"],
        &["call", "user.me", "--as", "0"],
        &["call", "user.me", "--as", "ada"],
        &["call", "user.me", "--url", "http://127.0.0.1:1"],
        &["call", "user.me", "{", "--data", &data],
        &["call", "user.me", "name", "--data", &data],
        &["call", "user.me", "name=ada", "--data", &data],
        &[
            "call",
            "user.get",
            "user_id=1",
            "user_id=2",
            "--data",
            &data,
        ],
        &["call", "user.get", "user_id=1", "{}", "--data", &data],
        &["call", "user.dance", "--help"],
        &["completions"],
        &["completions", "csh"],
        &["tail"],
        &["tail", "--user", "1", "--from", "-1"],
        &["tail", "--user", "1", "--from", "9007199254740992"],
        &[
            "token",
            "issue",
            "--user",
            "1",
            "--ttl",
            "forever",
            "--signing-key",
            "x",
        ],
    ];
    for args in wrong {
        let (code, _, errors) = run(&install, args);
        assert_eq!(code, 64, "{args:?}: {errors}");
        assert!(
            errors.contains("Usage:") || errors.contains("--help"),
            "{errors}"
        );
    }
    let (_, _, errors) = run(&install, &["call", "user.me", "name", "--data", &data]);
    assert!(
        errors.contains("JSON") && errors.contains("'{\"name\": \"value\"}'"),
        "{errors}"
    );
}

#[test]
fn what_is_wrong_with_the_configuration_is_exit_78_and_says_what_to_do() {
    let install = Install::new();
    let data = text(&install.data());
    let short = install.folder().join("short");
    fs::write(&short, "too short").expect("writes");
    let short = text(&short);
    let cases: &[(&[&str], &[&str])] = &[
        (
            &["server", "--data", &data],
            &["--signing-key", "openssl", "--dev"],
        ),
        (
            &["serve", "--data", &data],
            &["--signing-key", "openssl", "--dev"],
        ),
        (
            &["gateway", "--server", &data],
            &["--signing-key", "openssl", "--dev"],
        ),
        (
            &["server", "--data", &data, "--signing-key", &short],
            &["9 bytes", "32", "openssl"],
        ),
        (
            &["server", "--data", &data, "--signing-key", "absent"],
            &["absent", "No such file"],
        ),
        (
            &["serve", "--data", &data, "--dev", "--listen", "0.0.0.0:0"],
            &["loopback", "0.0.0.0:0"],
        ),
        (
            &["gateway", "--dev", "--listen", "[::]:0"],
            &["loopback", "[::]:0"],
        ),
        (
            &[
                "server",
                "--data",
                &data,
                "--dev",
                "--rpc-listen",
                "0.0.0.0:0",
            ],
            &["loopback", "0.0.0.0:0"],
        ),
        (
            &["serve", "--dev", "--data", &data, "--allow-origin", "*"],
            &["origin", "scheme://host"],
        ),
        (
            &["token", "issue", "--user", "1", "--signing-key", "absent"],
            &["absent"],
        ),
    ];
    misconfigured(&install, cases);
}

#[test]
fn livekit_is_given_whole_or_not_at_all() {
    let install = Install::new();
    let data = text(&install.data());
    let secret = install.folder().join("secret");
    fs::write(&secret, "hush").expect("writes");
    let secret = text(&secret);
    let configured = |name: &str, url: &str, secret: &str| {
        let path = install.folder().join(name);
        let keys = format!("url = {url:?}\nkey = \"k\"\nsecret_file = {secret:?}\n");
        fs::write(&path, format!("[server.livekit]\n{keys}")).expect("writes");
        text(&path)
    };
    let no_file = configured("no_file.toml", "ws://x", "absent");
    let no_url = configured("no_url.toml", "x", &secret);
    let server = ["server", "--dev", "--data", &data, "--config"];
    let alone = ["serve", "--dev", "--data", &data];
    misconfigured(
        &install,
        &[
            (
                &[&alone[..], &["--set", "server.livekit.url=ws://x"]].concat(),
                &[
                    "server.livekit.key and server.livekit.secret_file",
                    "all three",
                ],
            ),
            (
                &[&server[..], &[&*no_file]].concat(),
                &["secret of LiveKit", "absent", "No such file"],
            ),
            (&[&server[..], &[&*no_url]].concat(), &["LiveKit", "wss://"]),
        ],
    );
}

fn misconfigured(install: &Install, cases: &[(&[&str], &[&str])]) {
    for (args, words) in cases {
        let (code, output, errors) = run(install, args);
        assert_eq!(code, 78, "{args:?}: {output}{errors}");
        for word in *words {
            assert!(
                errors.contains(word),
                "{args:?} does not say {word}: {errors}"
            );
        }
        assert!(!install.database().exists(), "{args:?} made a database");
    }
}

#[test]
fn call_prints_the_result_and_fails_with_the_error() {
    let (install, node) = Install::running();
    let data = text(&install.data());
    let (code, output, errors) = run(&install, &["call", "user.me", "--as", "2", "--data", &data]);
    let result: Value = serde_json::from_str(&output).expect("JSON");
    assert_eq!((code, &result["user"]["id"], &*errors), (0, &json!(2), ""));
    let args = [
        "call",
        "user.get",
        r#"{"user_id":99}"#,
        "--as",
        "2",
        "--data",
        &data,
    ];
    let (code, output, errors) = run(&install, &args);
    let error: Value = serde_json::from_str(&errors).expect("JSON");
    assert_eq!((code, &*output, &error["code"]), (1, "", &json!(-32004)));
    let url = format!("http://{}", node.address);
    let args = ["call", "user.me", "--url", &url, "--token", "dev:3"];
    let (code, output, _) = run(&install, &args);
    assert!(code == 0 && output.contains(r#""id":3"#), "{output}");
    let args = ["call", "user.me", "--url", &url, "--token", "dev:x"];
    let (code, _, errors) = run(&install, &args);
    assert!(code == 1 && errors.contains("-32001"), "{errors}");
    let nowhere = text(&install.folder().join("nowhere"));
    let (code, _, errors) = run(&install, &["call", "user.me", "--data", &nowhere]);
    assert_eq!(code, 1);
    let wanted = ["nowhere/run/rpc.sock", "is the server running", "--data"];
    for word in wanted {
        assert!(errors.contains(word), "it does not say {word}: {errors}");
    }
}

#[test]
fn parameters_are_given_by_name_and_a_method_explains_itself() {
    let (install, _node) = Install::running();
    let data = text(&install.data());
    let call = |words: &[&str]| {
        let args = [&["call"], words, &["--as", "2", "--data", &data]].concat();
        run(&install, &args)
    };
    let (code, output, errors) = call(&["message.send", "channel_id=1", "body=5 = five"]);
    assert_eq!((code, &*errors), (0, ""));
    let sent: Value = serde_json::from_str(&output).expect("JSON");
    assert_eq!(sent["message"]["body"], "5 = five");
    let (code, output, errors) = call(&["message.send", "chanel_id=1", "body=x"]);
    assert_eq!((code, &*output), (64, ""));
    assert!(errors.contains("did you mean channel_id?"), "{errors}");

    let (code, page, errors) = run(&install, &["call", "message.send", "--help"]);
    assert_eq!((code, &*errors), (0, ""));
    let document = install.operator().call("rpc.discover", Value::Null);
    let document = document.expect("the document");
    let mut methods = document["methods"].as_array().expect("methods").iter();
    let send = methods.find(|method| method["name"] == "message.send");
    let send = send.expect("is described");
    assert!(page.contains(send["summary"].as_str().expect("a summary")));
    for param in send["params"].as_array().expect("params") {
        assert!(page.contains(param["name"].as_str().expect("a name")));
        assert!(page.contains(param["description"].as_str().expect("a description")));
    }
    for error in send["errors"].as_array().expect("errors") {
        let name = error["$ref"]
            .as_str()
            .and_then(|path| path.rsplit('/').next());
        assert!(page.contains(name.expect("a name")), "{page}");
    }
    let (_, own, _) = run(&install, &["call", "--help"]);
    assert!(
        own.contains("Usage: antiphon call") && own.contains("--as"),
        "{own}"
    );
    let (_, _, errors) = run(&install, &["call", "mesage.send", "--help"]);
    assert!(errors.contains("did you mean message.send?"), "{errors}");
}

#[test]
fn tail_goes_on_across_restarts_and_prints_each_event_once() {
    let (install, mut node) = Install::running();
    let start = install.head();
    install.say(2, 3);
    let data = text(&install.data());
    let url = format!("http://{}", node.address);
    let from = start.to_string();
    let args = [
        "tail",
        "--user",
        "1",
        "--data",
        &data,
        "--gateway",
        &url,
        "--from",
        &from,
    ];
    let tail = Process::start(install.folder(), &args);
    let lines = || -> Vec<Value> {
        let text = tail.output();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole
            .lines()
            .map(|line| serde_json::from_str(line).expect("a line is JSON"))
            .collect()
    };
    let messages = || -> Vec<i64> {
        let lines = lines();
        let messages = lines
            .iter()
            .filter(|line| line["type"] == "message.created");
        messages.map(pos).collect()
    };
    let has = |count: usize| {
        eventually("the tail's lines", || {
            (messages().len() >= count).then_some(())
        });
    };
    has(3);
    for round in 1..=3 {
        install.restart_gateway(&mut node);
        install.say(2, 10);
        has(3 + 10 * round);
    }
    let all = messages();
    assert_eq!(all.len(), 33);
    assert!(all.is_sorted());
    assert_eq!(
        all.iter().collect::<HashSet<_>>().len(),
        33,
        "one came twice"
    );
    assert!(lines().iter().any(|line| line["type"] == "live"));
}

#[test]
fn tail_ends_when_it_is_refused() {
    let (install, node) = Install::running();
    let url = format!("http://{}", node.address);
    for token in ["dev:2", "junk"] {
        let args = ["tail", "--user", "1", "--url", &url, "--token", token];
        let (code, output, errors) = run(&install, &args);
        assert_eq!((code, &*output), (1, ""));
        assert!(errors.contains("40"), "{errors}");
    }
}

#[test]
fn what_is_taken_is_named() {
    let (install, node) = Install::running();
    let second = Install::new();
    let data = text(&second.data());
    let args = ["serve", "--dev", "--data", &data, "--listen", &node.address];
    let (code, _, errors) = run(&second, &args);
    assert_eq!(code, 1);
    assert!(
        errors.contains(&node.address) && errors.contains("--listen"),
        "{errors}"
    );

    let data = text(&install.data());
    let (code, _, errors) = run(&install, &["server", "--dev", "--data", &data]);
    assert_eq!(code, 1);
    assert!(
        errors.contains(&data) && errors.contains("in use"),
        "{errors}"
    );
    assert!(
        install
            .operator()
            .call("server.health", Value::Null)
            .is_ok(),
        "the first lives on"
    );

    let long = text(&second.folder().join("x".repeat(100)));
    let (code, _, errors) = run(&second, &["server", "--dev", "--data", &long]);
    assert_ne!(code, 0);
    assert!(
        errors.contains("107") && errors.contains("--data"),
        "{errors}"
    );
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let (mut install, _node) = Install::running();
    install.kill_server();
    let database = rusqlite::Connection::open(install.database()).expect("opens");
    let old: i64 = database
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .expect("a number");
    database
        .pragma_update(None, "user_version", 0x7fff_ffff)
        .expect("is set");
    drop(database);
    let data = text(&install.data());
    let (code, _, errors) = run(&install, &["server", "--dev", "--data", &data]);
    assert_ne!(code, 0);
    for word in ["newer version", "backup"] {
        assert!(errors.contains(word), "it does not say {word}: {errors}");
    }
    let database = rusqlite::Connection::open(install.database()).expect("opens");
    database
        .pragma_update(None, "user_version", old)
        .expect("is set");
    drop(database);
    install.start_server();
    assert!(
        install
            .operator()
            .call("server.health", Value::Null)
            .is_ok()
    );
}

#[test]
fn a_daemon_stops_in_order_when_asked() {
    let (mut install, mut node) = Install::running();
    let mut tab = node.tab(1, "").expect("is let in");
    node.process.signal("TERM");
    let going = tab.until("going_away");
    assert!(going["reconnect_after_ms"].as_u64().expect("a time") <= 1_000);
    assert_eq!(tab.end(), antiphon_test_support::Closed::With(1012));
    assert_eq!(node.process.wait().code(), Some(0));
    let server = install.server.as_mut().expect("runs");
    server.signal("INT");
    assert_eq!(server.wait().code(), Some(0));
    assert!(!install.run_dir().join("rpc.sock").exists());
}
