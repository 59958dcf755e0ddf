//! What happens while nobody of a user is there, and what happens elsewhere: whatever it is and
//! wherever it comes from, it is heard.

use antiphon_test_support::{Install, Node, Tab, is_logged};
use serde_json::{Value, json};

/// What ada does while ben is away, and what of it is ben's to hear. Message 2 is the one that ben
/// saw before.
fn while_away() -> Vec<(&'static str, Value, &'static str)> {
    let (general, seen) = (json!({ "channel_id": 1 }), json!({ "message_id": 2 }));
    let with = |base: &Value, field: &str, value: Value| {
        let mut params = base.clone();
        params[field] = value;
        params
    };
    vec![
        (
            "message.send",
            with(&general, "body", json!("new")),
            "message.created",
        ),
        (
            "message.update",
            with(&seen, "body", json!("edited")),
            "message.updated",
        ),
        ("message.delete", seen, "message.deleted"),
    ]
}

fn types(tab: &mut Tab) -> Vec<String> {
    let frames = tab.through("live");
    frames
        .iter()
        .filter(|frame| is_logged(frame))
        .map(|frame| frame["type"].as_str().unwrap_or_default().to_owned())
        .collect()
}

fn live(node: &Node, user: i64) -> Tab {
    let mut tab = node.tab(user, "").expect("is let in");
    tab.until("live");
    tab
}

#[test]
fn every_kind_of_change_made_while_away_is_heard_on_coming_back() {
    let (install, node) = Install::running();
    drop(live(&node, 2));
    install.say(1, 1);
    let left_at = install.head();
    let mut expected = Vec::new();
    for (method, params, event) in while_away() {
        install.call(1, method, params);
        expected.push(event);
    }
    node.catches_up(&install);
    let query = format!("pos={left_at}");
    let mut ring = node.tab(2, &query).expect("is let in");
    assert_eq!(types(&mut ring), expected, "from the ring");
    let other = install.start_gateway();
    let mut log = other.tab(2, &query).expect("is let in");
    assert_eq!(types(&mut log), expected, "from the log");
}

#[test]
fn who_is_added_through_one_gateway_hears_at_once_through_another() {
    let (install, one) = Install::running();
    let other = install.start_gateway();
    let mut ben = live(&other, 2);
    let params = json!({ "workspace_id": 1, "kind": "private", "name": "plans" });
    let made = one.user(1).call("channel.create", params).expect("is made");
    let channel = &made["channel"]["id"];
    let params = json!({ "channel_id": channel, "user_id": 2 });
    one.user(1)
        .call("channel.add_member", params)
        .expect("is added");
    let params = json!({ "channel_id": channel, "body": "welcome" });
    one.user(1).call("message.send", params).expect("is said");
    assert_eq!(
        ben.until("channel.added")["data"]["channel"]["id"],
        *channel
    );
    assert_eq!(
        ben.until("message.created")["data"]["message"]["body"],
        "welcome"
    );
}
