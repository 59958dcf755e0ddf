//! The Rust client's examples, each as a process against an install.

use std::path::Path;

use antiphon_test_support::{Install, Node, Process, eventually, example};
use serde_json::{Value, json};

fn start(install: &Install, node: &Node, name: &str, token: &str) -> Process {
    let url = format!("http://{}", node.address);
    Process::start_other(install.folder(), &example(name), &[&url, token], "")
}

fn is_listening(process: &Process, times: usize) {
    eventually("an example that listens", || {
        (process.errors().matches("listening").count() >= times).then_some(())
    });
}

fn say(install: &Install, user: i64, body: &str) {
    let params = json!({ "channel_id": 2, "body": body });
    install.call(user, "message.send", params);
}

/// The bodies in channel 2, oldest first.
fn bodies(install: &Install) -> Vec<String> {
    let params = json!({ "channel_id": 2, "limit": 200 });
    let listed = install.call(1, "message.list", params);
    let messages = listed["messages"].as_array().expect("messages").iter();
    let body = |message: &Value| message["body"].as_str().expect("a body").to_owned();
    messages.map(body).collect()
}

#[test]
fn the_echo_bot_answers_each_message_once_whatever_is_restarted() {
    let (mut install, mut node) = Install::running();
    say(&install, 1, "before");
    let mut bot = start(&install, &node, "echo_bot", "dev:2");
    let mut twin = start(&install, &node, "echo_bot", "dev:2");
    is_listening(&bot, 1);
    is_listening(&twin, 1);
    say(&install, 1, "live");
    install.restart_gateway(&mut node);
    say(&install, 3, "gateway");
    install.start_again();
    say(&install, 1, "server");
    eventually("the echo of the server's return", || {
        bodies(&install)
            .contains(&"echo: server".to_owned())
            .then_some(())
    });
    bot.kill();
    twin.kill();
    say(&install, 3, "bot away");
    let bot = start(&install, &node, "echo_bot", "dev:2");
    is_listening(&bot, 1);
    say(&install, 1, "last");
    eventually("the last echo", || {
        bodies(&install)
            .contains(&"echo: last".to_owned())
            .then_some(())
    });
    let all = bodies(&install);
    for said in ["before", "live", "gateway", "server", "bot away", "last"] {
        let echo = format!("echo: {said}");
        let count = all.iter().filter(|body| **body == echo).count();
        assert_eq!(count, 1, "{said}: {all:?}");
    }
    assert_eq!(all.len(), 12, "{all:?}");
}

#[test]
fn the_notifier_tells_what_is_unread_and_nothing_that_was_read_meanwhile() {
    let (install, mut node) = Install::running();
    let notifier = start(&install, &node, "notifier", "dev:1");
    is_listening(&notifier, 1);
    say(&install, 1, "my own");
    say(&install, 2, "hello \u{1b}[2J");
    eventually("a notice", || {
        notifier.output().contains("hello").then_some(())
    });
    node.process.kill();
    say(&install, 2, "read elsewhere");
    let newest = install.call(1, "message.list", json!({ "channel_id": 2, "limit": 1 }));
    let params = json!({ "channel_id": 2, "message_id": newest["messages"][0]["id"] });
    install.call(1, "read.mark", params);
    say(&install, 3, "missed");
    install.restart_gateway(&mut node);
    eventually("the notice of what was missed", || {
        notifier.output().contains("missed").then_some(())
    });
    let told = notifier.output();
    assert_eq!(told, "random ben: hello \\u{1b}[2J\nrandom cleo: missed\n");
    let mine = json!({ "thread_id": 2, "body": "mine" });
    install.call(1, "thread.reply", mine);
    let strange = json!({ "thread_id": 3, "body": "no thread of mine" });
    install.call(2, "thread.reply", strange);
    let followed = json!({ "thread_id": 2, "body": "an answer" });
    install.call(3, "thread.reply", followed);
    say(&install, 2, "@channel come");
    eventually("the last notice", || {
        notifier.output().contains("come").then_some(())
    });
    assert_eq!(
        notifier.output().strip_prefix(&told),
        Some("random cleo: an answer\n@ random ben: @channel come\n")
    );
}

#[test]
fn the_exporter_writes_every_message_of_every_channel() {
    let (install, node) = Install::running();
    install.say(2, 450);
    say(&install, 3, "elsewhere");
    for body in ["one", "two"] {
        let reply = json!({ "thread_id": 1, "body": body });
        install.call(3, "thread.reply", reply);
    }
    let mut exporter = start(&install, &node, "exporter", "dev:1");
    assert!(exporter.wait().success(), "{}", exporter.errors());
    let output = exporter.output();
    let lines: Vec<Value> = output
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is JSON"))
        .collect();
    let channels = lines.iter().filter(|line| line["channel"]["id"].is_i64());
    assert_eq!(channels.count(), 2);
    let ids = |channel: i64| -> Vec<i64> {
        let messages = lines.iter().map(|line| &line["message"]);
        let of_channel = messages.filter(|message| message["channel_id"] == channel);
        of_channel
            .map(|it| it["id"].as_i64().expect("an id"))
            .collect()
    };
    let mut general = ids(1);
    assert_eq!((general.len(), ids(2).len()), (453, 1));
    let replies = general.split_off(451);
    assert!(replies[0] > replies[1], "behind their root, newest first");
    assert!(
        general.is_sorted_by(|a, b| a > b),
        "newest first, each once"
    );
}

#[test]
fn an_example_that_is_called_wrongly_says_how() {
    let install = Install::new();
    for name in ["echo_bot", "notifier", "exporter"] {
        let program: &Path = &example(name);
        let mut process = Process::start_other(install.folder(), program, &[], "");
        assert!(!process.wait().success());
        let usage = format!("usage: {name} URL TOKEN");
        assert!(process.errors().contains(&usage), "{}", process.errors());
    }
}
