//! Invariant 5 across joining and leaving: nobody hears what happened before they came or after
//! they left, live or replayed, whatever position they come with.
//!
//! Silence is proved by what comes after it: each stream is read up to a last message in a channel
//! that everybody concerned is in.

use antiphon_test_support::{Closed, Install, Node, Tab};
use serde_json::{Value, json};

const GENERAL: i64 = 1;
const RANDOM: i64 = 2;

/// What a tab hears up to the message with this body, as `type` or, of messages, as the body.
fn hears(tab: &mut Tab, last: &str) -> Vec<String> {
    let mut heard = Vec::new();
    while heard.last().is_none_or(|newest| newest != last) {
        let frame = tab.frame().expect("is not closed");
        let kind = frame["type"].as_str().unwrap_or_default();
        if !matches!(kind, "hello" | "live" | "ping" | "presence.changed") {
            let body = frame["data"]["message"]["body"].as_str();
            heard.push(body.unwrap_or(kind).to_owned());
        }
    }
    heard
}

/// What user 2 hears who comes back with a position, up to the end.
fn replayed(node: &Node, pos: i64) -> Vec<String> {
    let mut tab = node.tab(2, &format!("pos={pos}")).expect("is let in");
    hears(&mut tab, "the end")
}

#[test]
fn who_is_removed_hears_what_came_before_and_nothing_after_live_or_replayed() {
    let (install, node) = Install::running();
    let before = install.position(2);
    let mut tab = node.live(2, "");
    install.send(1, GENERAL, "while a member");
    let params = json!({ "channel_id": GENERAL, "user_id": 2 });
    install.call(1, "channel.remove_member", params);
    install.send(1, GENERAL, "not for them");
    let updated = install.send(1, GENERAL, "nor this");
    let params = json!({ "message_id": updated, "body": "nor that" });
    install.call(1, "message.update", params);
    install.send(1, RANDOM, "the end");

    let expected = ["while a member", "channel.removed", "the end"];
    assert_eq!(hears(&mut tab, "the end"), expected, "live");
    assert_eq!(replayed(&node, before), expected, "from the ring");
    let another = install.start_gateway();
    assert_eq!(replayed(&another, before), expected, "from the log");
}

#[test]
fn who_joins_gets_nothing_from_before() {
    let (install, node) = Install::running();
    let params = json!({ "workspace_id": 1, "kind": "private", "name": "later" });
    let made = install.call(1, "channel.create", params);
    let channel = made["channel"]["id"].as_i64().expect("an id");
    let before = install.position(2);
    let mut tab = node.live(2, "");
    install.send(1, channel, "before they came");
    let params = json!({ "channel_id": channel, "user_id": 2 });
    install.call(1, "channel.add_member", params);
    install.send(1, channel, "the end");

    let expected = [
        "channel.added",
        "channel.member_joined",
        "read.updated",
        "the end",
    ];
    assert_eq!(hears(&mut tab, "the end"), expected, "live");
    assert_eq!(replayed(&node, before), expected, "from the ring");
    let another = install.start_gateway();
    assert_eq!(replayed(&another, before), expected, "from the log");
}

#[test]
fn who_comes_back_to_a_channel_misses_what_was_said_meanwhile() {
    let (install, _node) = Install::running();
    let before = install.position(2);
    install.call(2, "channel.leave", json!({ "channel_id": GENERAL }));
    install.send(1, GENERAL, "meanwhile");
    install.call(2, "channel.join", json!({ "channel_id": GENERAL }));
    install.send(1, GENERAL, "the end");
    let another = install.start_gateway();
    let expected = [
        "channel.removed",
        "channel.added",
        "channel.member_joined",
        "read.updated",
        "the end",
    ];
    assert_eq!(replayed(&another, before), expected);
}

#[test]
fn typing_reaches_neither_who_left_the_channel_nor_anybody_from_them() {
    let (install, node) = Install::running();
    install.call(2, "channel.leave", json!({ "channel_id": GENERAL }));
    let mut left = node.live(2, "");
    let mut stayed = node.live(3, "");
    let refused = install
        .user(2)
        .call("typing.relay", json!({ "channel_id": GENERAL }));
    assert_eq!(refused.expect_err("they left")["code"], -32003);
    install.call(1, "typing.relay", json!({ "channel_id": GENERAL }));
    install.call(1, "typing.relay", json!({ "channel_id": RANDOM }));
    let channel = |frame: Value| frame["data"]["channel_id"].as_i64();
    assert_eq!(channel(left.until("typing.started")), Some(RANDOM));
    let typed = stayed.until("typing.started");
    assert_eq!(typed["data"]["user_id"], 1);
    assert_eq!(channel(typed), Some(GENERAL));
}

#[test]
fn presence_passes_only_between_those_who_share_a_workspace() {
    let (install, node) = Install::running();
    let params = json!({ "workspace_id": 1, "user_id": 2 });
    install.call(1, "workspace.remove_member", params);
    let apart = install.call(1, "workspace.create", json!({ "name": "apart" }));
    let workspace = apart["workspace"]["id"].as_i64().expect("an id");
    let params = json!({ "workspace_id": workspace, "user_id": 2 });
    install.call(1, "workspace.add_member", params);
    let mut removed = node.live(2, "");
    let mut stayed = node.live(3, "");
    let status = |user: i64| {
        let params = json!({ "text": format!("of {user}") });
        install.call(user, "presence.set_status_text", params);
    };
    for user in [2, 3, 1] {
        status(user);
    }
    // Of all three only user 1, the last, shares a workspace with either.
    let heard_of = |tab: &mut Tab, not: i64| loop {
        let changed = tab.until("presence.changed")["data"].take();
        assert_ne!(changed["user_id"], not, "{changed}");
        if changed["status_text"] == "of 1" {
            return;
        }
    };
    heard_of(&mut removed, 3);
    heard_of(&mut stayed, 2);
}

#[test]
fn leaving_the_workspace_is_leaving_its_channels_for_good() {
    let (install, node) = Install::running();
    let before = install.position(2);
    let mut tab = node.live(2, "");
    let params = json!({ "workspace_id": 1, "user_id": 2 });
    install.call(1, "workspace.remove_member", params.clone());
    install.send(1, GENERAL, "without them");
    install.call(1, "workspace.add_member", params);
    install.send(1, GENERAL, "they are back, but not in here");
    install.call(2, "channel.join", json!({ "channel_id": RANDOM }));
    install.send(1, RANDOM, "the end");

    let expected = [
        "workspace.removed",
        "workspace.added",
        "workspace.member_joined",
        "channel.added",
        "channel.member_joined",
        "read.updated",
        "the end",
    ];
    assert_eq!(hears(&mut tab, "the end"), expected, "live");
    let another = install.start_gateway();
    assert_eq!(replayed(&another, before), expected, "from the log");
}

#[test]
fn who_is_deactivated_is_closed_4014_and_let_in_nowhere() {
    let (install, node) = Install::running();
    let (mut gone, mut other) = (node.live(2, ""), node.live(3, ""));
    install.call(1, "user.deactivate", json!({ "user_id": 2 }));
    assert_eq!(gone.end(), Closed::With(4014));
    install.send(1, GENERAL, "the end");
    assert_eq!(hears(&mut other, "the end"), ["user.updated", "the end"]);
    assert!(node.tab(2, "").is_err());
    let another = install.start_gateway();
    assert!(another.tab(2, "").is_err());
}
