//! What happens to those in a channel when it is archived, brought back and deleted.

use antiphon_api::ErrorCode;
use serde_json::{Value, json};

use crate::support::{House, Link, must, refused, soon};

const CHANNEL: &str = "channel_id";

async fn say(house: &House, user: i64) -> i64 {
    let params = json!({ CHANNEL: 1, "body": "x" });
    let sent = must(&house.user(user), "message.send", params).await;
    sent["message"]["id"].as_i64().expect("an id")
}

async fn on_channel(house: &House, user: i64, method: &str) -> Value {
    must(&house.user(user), method, json!({ CHANNEL: 1 })).await
}

async fn snapshot(house: &House, user: i64) -> Value {
    must(&house.user(user), "state.snapshot", json!({})).await
}

async fn mute(house: &House, user: i64) {
    let params = json!({ CHANNEL: 1, "muted": true, "notify": "none" });
    must(&house.user(user), "channel.set_notify", params).await;
}

fn rows(house: &House, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    let count = house.database().query_row(&sql, [], |row| row.get(0));
    count.expect("reads")
}

#[tokio::test]
async fn who_was_in_an_archived_channel_comes_back_with_cursor_and_notify_preferences() {
    let house = House::with_channel(4).await;
    for _ in 0..3 {
        say(&house, 1).await;
    }
    mute(&house, 2).await;
    let mark = json!({ CHANNEL: 1, "message_id": 2 });
    must(&house.user(2), "read.mark", mark).await;
    let before = snapshot(&house, 2).await;
    must(&house.user(3), "channel.leave", json!({ CHANNEL: 1 })).await;
    let (mut link, _) = Link::open(&house, "g", None).await;

    on_channel(&house, 1, "channel.archive").await;
    assert_eq!(snapshot(&house, 2).await["channels"], json!([]));
    on_channel(&house, 1, "channel.unarchive").await;

    let after = snapshot(&house, 2).await;
    assert_eq!(after["reads"], before["reads"]);
    assert_eq!(after["notify"], before["notify"]);
    assert_eq!(after["channels"][0]["revision"], 3);
    assert_eq!(snapshot(&house, 3).await["channels"], json!([]));
    let heard = link.so_far(&house).await;
    let told: Vec<(&str, &[i64])> = heard
        .iter()
        .map(|heard| (heard.kind(), heard.to.as_slice()))
        .collect();
    let expected: [(&str, &[i64]); 6] = [
        ("channel.removed", &[1, 2, 4]),
        ("channel.added", &[1, 2, 4]),
        ("read.updated", &[1]),
        ("read.updated", &[2]),
        ("channel.notify_updated", &[2]),
        ("read.updated", &[4]),
    ];
    assert_eq!(told, expected);
    assert_eq!(heard[0].data()["reason"], "archived");
}

#[tokio::test]
async fn who_brings_a_channel_back_is_in_it_even_if_they_were_not() {
    let house = House::with_channel(3).await;
    on_channel(&house, 1, "channel.leave").await;
    on_channel(&house, 1, "channel.archive").await;
    on_channel(&house, 1, "channel.unarchive").await;
    let params = json!({ CHANNEL: 1 });
    let listed = must(&house.user(1), "channel.members", params).await;
    let ids: Vec<i64> = listed["members"]
        .as_array()
        .expect("members")
        .iter()
        .filter_map(|member| member["user_id"].as_i64())
        .collect();
    assert_eq!(ids, [1, 2, 3]);
}

#[tokio::test]
async fn an_archived_channel_is_listed_and_nothing_can_be_done_in_it() {
    let house = House::with_channel(2).await;
    say(&house, 1).await;
    let archived = on_channel(&house, 1, "channel.archive").await;
    assert!(archived["channel"]["archived_at"].is_i64());
    let params = json!({ "workspace_id": 1 });
    let listed = must(&house.user(2), "channel.list", params).await;
    assert_eq!(listed["channels"][0]["is_member"], false);
    assert!(listed["channels"][0]["archived_at"].is_i64());
    let seen = on_channel(&house, 2, "channel.get").await;
    assert_eq!(seen["channel"], archived["channel"]);
    for (method, params) in [
        ("message.send", json!({ CHANNEL: 1, "body": "x" })),
        ("message.get", json!({ "message_id": 1 })),
        ("channel.join", json!({ CHANNEL: 1 })),
        ("channel.update", json!({ CHANNEL: 1, "name": "x" })),
        ("typing.relay", json!({ CHANNEL: 1 })),
    ] {
        let error = refused(&house.user(1), method, params).await;
        assert_eq!(error.kind(), Some(ErrorCode::NotFound), "{method}: {error}");
    }
}

/// Row 35 of the known bugs.
#[tokio::test]
async fn no_badge_is_stuck_after_leaving_archiving_deleting_and_coming_back() {
    let house = House::with_channel(3).await;
    let (first, second) = (say(&house, 1).await, say(&house, 1).await);
    on_channel(&house, 1, "channel.archive").await;
    on_channel(&house, 1, "channel.unarchive").await;
    let unread = async || snapshot(&house, 2).await["reads"][0]["unread"].clone();
    assert_eq!(unread().await, 2, "what was unread before is unread again");
    for message in [first, second] {
        let params = json!({ "message_id": message });
        must(&house.user(1), "message.delete", params).await;
    }
    assert_eq!(unread().await, 0, "deleted messages are not unread");
    say(&house, 1).await;
    assert_eq!(unread().await, 1);
    on_channel(&house, 2, "channel.leave").await;
    on_channel(&house, 2, "channel.join").await;
    assert_eq!(unread().await, 0, "who comes back begins at the newest");
    say(&house, 3).await;
    on_channel(&house, 1, "channel.archive").await;
    let gone = json!({ "workspace_id": 1, "user_id": 2 });
    must(&house.user(1), "workspace.remove_member", gone.clone()).await;
    must(&house.user(1), "workspace.add_member", gone).await;
    on_channel(&house, 1, "channel.unarchive").await;
    let reads = snapshot(&house, 2).await["reads"].clone();
    assert_eq!(reads, json!([]), "who left meanwhile is not put back");
}

/// Row 49 of the known bugs.
#[tokio::test]
async fn who_leaves_the_workspace_leaves_nothing_behind_in_its_channels_archived_or_not() {
    let house = House::with_channel(2).await;
    mute(&house, 2).await;
    on_channel(&house, 1, "channel.archive").await;
    let second = json!({ "workspace_id": 1, "kind": "public", "name": "d" });
    must(&house.user(2), "channel.create", second).await;
    let params = json!({ CHANNEL: 2, "muted": true });
    must(&house.user(2), "channel.set_notify", params).await;
    let gone = json!({ "workspace_id": 1, "user_id": 2 });
    must(&house.user(1), "workspace.remove_member", gone).await;
    for table in ["read_cursor", "notify", "archived_member"] {
        assert_eq!(
            rows(&house, &format!("{table} WHERE user_id = 2")),
            0,
            "{table}"
        );
    }
    assert_eq!(rows(&house, "channel_member WHERE user_id = 2"), 0);
}

#[tokio::test]
async fn a_deleted_channel_is_gone_at_once_and_its_rows_soon() {
    let house = House::with_channel(3).await;
    for _ in 0..5 {
        say(&house, 1).await;
    }
    mute(&house, 2).await;
    let (mut link, _) = Link::open(&house, "g", None).await;
    on_channel(&house, 1, "channel.delete").await;
    let heard = link.so_far(&house).await;
    assert_eq!((heard.len(), heard[0].kind()), (1, "channel.removed"));
    assert_eq!(heard[0].to, [1, 2, 3]);
    assert_eq!(heard[0].data()["reason"], "deleted");
    let error = refused(&house.user(1), "channel.get", json!({ CHANNEL: 1 })).await;
    assert_eq!(error.kind(), Some(ErrorCode::NotFound));

    let house = house.restart().await;
    soon("the channel's rows to go", async {
        while rows(&house, "channel") > 0 {
            must(&house.operator(), "server.health", json!({})).await;
        }
    })
    .await;
    for table in ["message", "read_cursor", "notify", "archived_member"] {
        assert_eq!(rows(&house, table), 0, "{table}");
    }
}
