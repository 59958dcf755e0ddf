//! What people see: the same commands on a terminal, which util-linux's `script` makes.

use std::path::PathBuf;

use antiphon_test_support::{Install, Process, binary, eventually};
use serde_json::{Value, json};

/// Where a program is, if it is installed.
pub(crate) fn installed(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut places = std::env::split_paths(&path).map(|folder| folder.join(program));
    places.find(|place| place.is_file())
}

/// Runs a line of sh on a terminal of 72 columns whose keyboard types `keys`. None where there is
/// no `script` that can do it.
pub(crate) fn on_terminal(install: &Install, line: &str, keys: &str) -> Option<Process> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let line = format!("stty cols 72 rows 20; {line}");
    let args = ["-qec", &line, "/dev/null"];
    let script = installed("script")?;
    Some(Process::start_other(install.folder(), &script, &args, keys))
}

fn antiphon(install: &Install, words: &str) -> String {
    let (binary, data) = (binary(), install.data());
    format!("'{}' {words} --data '{}'", binary.display(), data.display())
}

const NASTY: &str = "red \u{1b}[31m and \u{9b}2J, a bell \u{7}, and a line so long that it is cut";

#[test]
fn a_result_is_a_table_on_a_terminal_and_json_where_it_is_asked_for() {
    let (install, _node) = Install::running();
    install.call(2, "message.send", json!({ "channel_id": 2, "body": NASTY }));
    let list = |flag: &str| {
        let words = format!("call message.list channel_id=2 --as 1 {flag}");
        let mut process = on_terminal(&install, &antiphon(&install, &words), "")?;
        assert!(process.wait().success(), "{}", process.output());
        Some(process.output())
    };
    let Some(table) = list("") else { return };
    let lines: Vec<&str> = table.lines().collect();
    assert!(
        lines[0].starts_with("id") && lines[0].contains("body"),
        "{table}"
    );
    assert!(
        lines[1].contains("red \\u{1b}") && lines[1].contains('…'),
        "{table}"
    );
    assert!(
        lines.iter().all(|line| line.chars().count() <= 72),
        "{table}"
    );
    assert!(table.contains("has_more  false"), "{table}");
    let is_sent = |char: char| char.is_control() && !matches!(char, '\r' | '\n');
    assert!(!table.contains(is_sent), "{table:?}");

    let json = list("--json").expect("there is a terminal");
    assert!(!json.contains(is_sent), "{json:?}");
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["messages"][0]["body"], NASTY);
}

#[test]
fn tail_is_readable_on_a_terminal_whatever_is_written() {
    let (install, node) = Install::running();
    let words = format!("tail --user 1 --gateway http://{}", node.address);
    let Some(tail) = on_terminal(&install, &antiphon(&install, &words), "") else {
        return;
    };
    let says = |mark: &str| {
        eventually(&format!("a line with {mark}"), || {
            let output = tail.output();
            output
                .lines()
                .find(|line| line.contains(mark))
                .map(ToOwned::to_owned)
        })
    };
    says("live");
    install.call(2, "message.send", json!({ "channel_id": 2, "body": NASTY }));
    let line = says("message.created");
    assert!(line.contains("channel_id=2"), "{line}");
    assert!(line.contains("red \\u{1b}"), "{line}");
    install.call(1, "channel.leave", json!({ "channel_id": 2 }));
    says("channel.removed");
    let is_sent = |char: char| char.is_control() && !matches!(char, '\r' | '\n');
    assert!(!tail.output().contains(is_sent), "{:?}", tail.output());
}
