//! What happens while nobody of a user is there, and what happens elsewhere: whatever it is and
//! wherever it comes from, it is heard.

use antiphon_test_support::{Install, Tab, is_logged};
use serde_json::{Value, json};

/// What ada does while ben is away, and what of it ben hears. Messages 2 and 3 are ones that ben saw
/// before, 2 the root of a thread that ben follows; canvas 1 too.
fn while_away() -> Vec<(&'static str, Value, &'static [&'static str])> {
    let message = |id: i64| json!({ "message_id": id });
    let emoji = json!({ "message_id": 2, "emoji": "👍" });
    let canvas = json!({ "canvas_id": 1 });
    vec![
        (
            "message.send",
            json!({ "channel_id": 1, "body": "@ben look" }),
            &["message.created", "mention.created"],
        ),
        (
            "message.update",
            json!({ "message_id": 2, "body": "edited" }),
            &["message.updated"],
        ),
        ("message.react", emoji.clone(), &["message.reacted"]),
        ("message.unreact", emoji, &["message.reacted"]),
        ("message.pin", message(2), &["message.pinned"]),
        ("message.unpin", message(2), &["message.unpinned"]),
        (
            "thread.reply",
            json!({ "thread_id": 2, "body": "also" }),
            &["message.created", "message.replied"],
        ),
        ("message.delete", message(3), &["message.deleted"]),
        (
            "channel.update",
            json!({ "channel_id": 1, "topic": "news" }),
            &["channel.updated"],
        ),
        (
            "canvas.update",
            json!({ "canvas_id": 1, "title": "plan" }),
            &["canvas.updated"],
        ),
        ("canvas.delete", canvas.clone(), &["canvas.deleted"]),
        ("canvas.restore", canvas, &["canvas.restored"]),
        (
            "huddle.start",
            json!({ "channel_id": 1 }),
            &["huddle.started"],
        ),
        ("huddle.end", json!({ "huddle_id": 1 }), &["huddle.ended"]),
        (
            "user.update",
            json!({ "display_name": "Ada L." }),
            &["user.updated"],
        ),
        (
            "workspace.update",
            json!({ "workspace_id": 1, "name": "Home" }),
            &["workspace.updated"],
        ),
        (
            "channel.archive",
            json!({ "channel_id": 1 }),
            &["channel.removed"],
        ),
        (
            "channel.unarchive",
            json!({ "channel_id": 1 }),
            &["channel.added", "read.updated"],
        ),
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

#[test]
fn every_kind_of_change_made_while_away_is_heard_on_coming_back() {
    let (install, node) = Install::running();
    install.say(1, 2);
    let reply = json!({ "thread_id": 2, "body": "and" });
    install.call(2, "thread.reply", reply);
    let canvas = json!({ "channel_id": 1, "title": "notes" });
    install.call(1, "canvas.create", canvas);
    drop(node.live(2, ""));
    let left_at = install.head();
    let mut expected: Vec<&str> = Vec::new();
    for (method, params, events) in while_away() {
        install.call(1, method, params);
        expected.extend(events);
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
    let mut ben = other.live(2, "");
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
