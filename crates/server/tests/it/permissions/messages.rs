use serde_json::json;

use super::{ACQUAINTANCE, OWNER, check, furnished};
use crate::support::{House, call, must};

#[tokio::test]
async fn messages() {
    let send = |channel: i64| json!({ "channel_id": channel, "body": "y" });
    let of = |channel: i64| json!({ "channel_id": channel });
    let one = |message: i64| json!({ "message_id": message });
    let edit = |message: i64| json!({ "message_id": message, "body": "y" });
    let mark = |channel: i64, message: i64| json!({ "channel_id": channel, "message_id": message });
    check(&[
        ("message.send", send(1), "u+++fn"),
        ("message.send", send(2), "unn+nn"),
        ("message.send", send(3), "unn+nn"),
        ("message.list", of(1), "u+++fn"),
        ("message.list", of(2), "unn+nn"),
        ("message.get", one(1), "u+++nn"),
        ("message.get", one(3), "unn+nn"),
        ("message.update", edit(1), "ufffnn"),
        ("message.update", edit(2), "uff+nn"),
        ("message.update", edit(4), "unnfnn"),
        ("message.delete", one(1), "u++fnn"),
        ("message.delete", one(2), "u+++nn"),
        ("message.delete", one(3), "unnfnn"),
        ("read.mark", mark(1, 1), "u+++fn"),
        ("read.mark", mark(1, 3), "unnnfn"),
        ("read.mark", mark(2, 3), "unn+nn"),
        ("read.mark_unread", mark(1, 1), "u+++fn"),
        ("read.mark_unread", mark(1, 3), "unnnfn"),
        ("read.mark_unread", mark(2, 3), "unn+nn"),
        ("read.mark_all", json!({}), "u+++++"),
        ("read.mark_all", json!({ "workspace_id": 1 }), "u++++n"),
        ("read.cursors", json!({}), "u+++++"),
        ("typing.relay", of(1), "u+++fn"),
        ("typing.relay", of(2), "unn+nn"),
    ])
    .await;
}

#[tokio::test]
async fn what_is_done_to_messages() {
    let of = |channel: i64| json!({ "channel_id": channel });
    let one = |message: i64| json!({ "message_id": message });
    let emoji = |message: i64| json!({ "message_id": message, "emoji": "👍" });
    let bulk = |channel: i64, ids: &[i64]| json!({ "channel_id": channel, "message_ids": ids });
    let search = |channel: i64| json!({ "query": "x", "channel_id": channel });
    check(&[
        ("message.react", emoji(1), "u+++nn"),
        ("message.react", emoji(3), "unn+nn"),
        ("message.unreact", emoji(1), "u+++nn"),
        ("message.unreact", emoji(3), "unn+nn"),
        ("message.toggle_react", emoji(1), "u+++nn"),
        ("message.toggle_react", emoji(4), "unn+nn"),
        ("message.pin", one(1), "u+++nn"),
        ("message.pin", one(3), "unn+nn"),
        ("message.unpin", one(1), "u+++nn"),
        ("message.unpin", one(3), "unn+nn"),
        ("message.pins", of(1), "u+++fn"),
        ("message.pins", of(2), "unn+nn"),
        ("message.history", one(1), "u+++nn"),
        ("message.history", one(3), "unn+nn"),
        ("message.bulk_delete", bulk(1, &[1, 2]), "u++ffn"),
        ("message.bulk_delete", bulk(1, &[2]), "u+++fn"),
        ("message.bulk_delete", bulk(1, &[2, 3]), "unnnfn"),
        ("message.bulk_delete", bulk(2, &[3]), "unnfnn"),
        ("message.search", json!({ "query": "x" }), "u+++++"),
        ("message.search", search(1), "u+++fn"),
        ("message.search", search(2), "unn+nn"),
        (
            "message.search",
            json!({ "query": "x", "workspace_id": 1 }),
            "u++++n",
        ),
    ])
    .await;
}

#[tokio::test]
async fn threads() {
    let of = |thread: i64| json!({ "thread_id": thread });
    let reply = |thread: i64| json!({ "thread_id": thread, "body": "y" });
    let sent = |channel: i64, thread: i64| json!({ "channel_id": channel, "thread_id": thread, "body": "y" });
    let read = |thread: i64| json!({ "thread_id": thread, "message_id": thread });
    check(&[
        ("thread.reply", reply(1), "u+++nn"),
        ("thread.reply", reply(3), "unn+nn"),
        ("message.send", sent(1, 1), "u+++fn"),
        ("message.send", sent(1, 3), "unnnfn"),
        ("thread.follow", of(1), "u+++nn"),
        ("thread.follow", of(3), "unn+nn"),
        ("thread.unfollow", of(1), "u+++nn"),
        ("thread.unfollow", of(3), "unn+nn"),
        ("thread.read", read(1), "ucccnn"),
        ("thread.read", read(3), "unncnn"),
        ("thread.messages", of(1), "u+++nn"),
        ("thread.messages", of(3), "unn+nn"),
        ("thread.get", of(1), "unnnnn"),
        ("thread.list", json!({}), "u+++++"),
        ("thread.list", json!({ "channel_id": 1 }), "u+++fn"),
        ("thread.list", json!({ "channel_id": 2 }), "unn+nn"),
    ])
    .await;
}

#[tokio::test]
async fn a_guest_writes_and_reacts_but_does_not_pin() {
    let (_folder, database) = furnished().await;
    let house = House::with_database(&database).await;
    let guest = json!({ "workspace_id": 1, "user_id": ACQUAINTANCE, "role": "guest" });
    must(&house.user(OWNER), "workspace.add_member", guest).await;
    let member = json!({ "channel_id": 1, "user_id": ACQUAINTANCE });
    must(&house.user(OWNER), "channel.add_member", member).await;
    let guest = house.user(ACQUAINTANCE);
    must(
        &guest,
        "thread.reply",
        json!({ "thread_id": 1, "body": "y" }),
    )
    .await;
    must(
        &guest,
        "message.react",
        json!({ "message_id": 1, "emoji": "👍" }),
    )
    .await;
    for method in ["message.pin", "message.unpin"] {
        let error = call(&guest, method, json!({ "message_id": 1 }))
            .await
            .expect_err("is refused");
        assert_eq!(
            (error.code, &error.data["permission"]),
            (-32003, &json!("message:pin"))
        );
    }
}
