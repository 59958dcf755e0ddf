//! What becomes of a deleted message and the replies to it: nobody sees them from the answer on, and their
//! rows go in the background.

use serde_json::{Value, json};

use crate::support::{House, Talk, call, counts, ids, must, refused, soon};

const WORD: &str = "apple @u2";

/// A root of user 1 and a reply of user 3 to it, above message 1: both edited, reacted to, pinned, and
/// mentioning user 2, who has read message 1.
async fn conversation(talk: &Talk) -> (i64, i64) {
    let read = json!({ "channel_id": 1, "message_id": talk.say(2, "pear").await });
    talk.must(2, "read.mark", read).await;
    let root = talk.say(1, "apple @channel @u2").await;
    let reply = talk.reply(3, root, WORD).await;
    for (message, author) in [(root, 1), (reply, 3)] {
        let edit = json!({ "message_id": message, "body": "apple, edited" });
        talk.must(author, "message.update", edit).await;
        let react = json!({ "message_id": message, "emoji": "x" });
        talk.must(2, "message.react", react).await;
        talk.must(2, "message.pin", json!({ "message_id": message }))
            .await;
    }
    talk.must(3, "channel.leave", json!({ "channel_id": 1 }))
        .await;
    let member = json!({ "workspace_id": 1, "user_id": 3 });
    talk.must(1, "workspace.remove_member", member).await;
    (root, reply)
}

async fn is_absent(house: &House, method: &str, params: Value) {
    let error = refused(&house.user(2), method, params).await;
    assert_eq!(error.code, -32004, "{method}: {error}");
}

/// Asks every method that takes a message's id.
async fn no_method_knows(house: &House, root: i64, reply: i64) {
    for message in [root, reply] {
        for method in ["get", "delete", "history", "pin", "unpin"] {
            let params = json!({ "message_id": message });
            is_absent(house, &format!("message.{method}"), params).await;
        }
        for method in ["react", "unreact", "toggle_react"] {
            let params = json!({ "message_id": message, "emoji": "y" });
            is_absent(house, &format!("message.{method}"), params).await;
        }
        let edit = json!({ "message_id": message, "body": "y" });
        is_absent(house, "message.update", edit).await;
        let bulk = json!({ "channel_id": 1, "message_ids": [message] });
        is_absent(house, "message.bulk_delete", bulk).await;
        let send = json!({ "channel_id": 1, "thread_id": message, "body": "y" });
        is_absent(house, "message.send", send).await;
        let reply_to = json!({ "thread_id": message, "body": "y" });
        is_absent(house, "thread.reply", reply_to).await;
        for method in ["get", "follow", "unfollow", "messages"] {
            let params = json!({ "thread_id": message });
            is_absent(house, &format!("thread.{method}"), params).await;
        }
        let read = json!({ "thread_id": root, "message_id": message });
        is_absent(house, "thread.read", read).await;
        let read = json!({ "channel_id": 1, "message_id": message });
        is_absent(house, "read.mark", read.clone()).await;
        is_absent(house, "read.mark_unread", read).await;
        let pins = json!({ "channel_id": 1, "before_id": message });
        let error = refused(&house.user(2), "message.pins", pins).await;
        assert_eq!(error.code, -32602, "message.pins: {error}");
    }
}

/// Asks every method that lists or counts messages, or says who wrote them.
async fn no_list_has_them(house: &House) {
    let user = house.user(2);
    for (method, params, part) in [
        (
            "message.list",
            json!({ "channel_id": 1, "since_id": 1 }),
            "messages",
        ),
        ("message.pins", json!({ "channel_id": 1 }), "messages"),
        ("message.search", json!({ "query": "apple" }), "hits"),
        ("thread.list", json!({}), "threads"),
        ("state.snapshot", json!({}), "threads"),
        ("read.mark_all", json!({}), "reads"),
    ] {
        let found = must(&user, method, params).await;
        assert_eq!(found[part], json!([]), "{method}");
    }
    for method in ["read.cursors", "state.snapshot"] {
        let reads = must(&user, method, json!({})).await;
        assert_eq!(counts(&reads["reads"][0]), (0, 0), "{method}");
    }
    is_absent(house, "user.get", json!({ "user_id": 3 })).await;
}

#[tokio::test]
async fn a_deleted_root_and_the_replies_to_it_are_seen_by_no_method_from_the_answer_on() {
    let talk = Talk::of(3).await;
    let (root, reply) = conversation(&talk).await;
    must(&talk.house.user(2), "user.get", json!({ "user_id": 3 })).await;
    talk.must(1, "message.delete", json!({ "message_id": root }))
        .await;
    no_method_knows(&talk.house, root, reply).await;
    no_list_has_them(&talk.house).await;
}

#[tokio::test]
async fn replies_whose_root_is_not_there_are_seen_by_no_method() {
    let talk = Talk::of(3).await;
    let (root, reply) = conversation(&talk).await;
    let house = talk
        .house
        .changed(
            "UPDATE message SET thread_id = 999 WHERE thread_id IS NULL AND id > 1;
         DELETE FROM thread_follow;
         DELETE FROM mention;",
        )
        .await;
    no_method_knows(&house, root, reply).await;
    no_list_has_them(&house).await;
}

#[tokio::test]
async fn pins_of_deleted_messages_take_nobodys_place_and_hits_of_them_no_pages() {
    let talk = Talk::of(1).await;
    let old = talk.say(1, "apple").await;
    let house = talk.house.changed("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
         INSERT INTO message (channel_id, author_id, thread_id, body, created_at, pinned_at, pinned_by)
         SELECT 1, 1, 999, 'apple', 1, 1, 1 FROM n;").await;
    let user = house.user(1);
    assert!(
        call(&user, "message.pin", json!({ "message_id": old }))
            .await
            .is_ok()
    );
    let query = json!({ "query": "apple", "limit": 1 });
    let found = must(&user, "message.search", query).await;
    assert_eq!(found["hits"][0]["message"]["id"], old);
    assert_eq!(found["has_more"], false);
}

#[tokio::test]
async fn the_rows_of_what_is_deleted_go_and_a_restart_goes_on_with_them() {
    let talk = Talk::of(2).await;
    let root = talk.say(1, WORD).await;
    let long = "long ".repeat(6_000);
    for _ in 0..8 {
        talk.reply(2, root, &long).await;
    }
    let (kept, deleted) = (talk.say(1, "kept").await, talk.say(1, "deleted").await);
    let reply = talk.reply(2, kept, "deleted").await;
    let kept_reply = talk.reply(2, kept, "kept").await;
    let bulk = json!({ "channel_id": 1, "message_ids": [root, deleted, reply] });
    talk.must(1, "message.bulk_delete", bulk).await;
    let house = talk.house.purged().await;
    let ids_left: Value = house
        .database()
        .query_row("SELECT json_group_array(id) FROM message", [], |row| {
            row.get::<_, String>(0)
        })
        .map(|ids| serde_json::from_str(&ids).expect("is JSON"))
        .expect("reads");
    assert_eq!(ids_left, json!([kept, kept_reply]));
    let replies = json!({ "thread_id": kept });
    let replies = must(&house.user(1), "thread.messages", replies).await;
    assert_eq!(ids(&replies["messages"]), [kept_reply]);
}

#[tokio::test]
async fn a_channel_that_is_deleted_while_replies_are_removed_goes_too() {
    let talk = Talk::of(2).await;
    let root = talk.say(1, WORD).await;
    let long = "long ".repeat(6_000);
    for _ in 0..8 {
        talk.reply(2, root, &long).await;
    }
    talk.must(1, "message.delete", json!({ "message_id": root }))
        .await;
    talk.must(1, "channel.delete", json!({ "channel_id": 1 }))
        .await;
    let house = talk.house.restart().await;
    let left = || -> i64 {
        let rows = "SELECT (SELECT count(*) FROM message) + (SELECT count(*) FROM channel)";
        let rows = house.database().query_row(rows, [], |row| row.get(0));
        rows.expect("counts")
    };
    soon("the channel to go", async {
        while left() > 0 {
            must(&house.operator(), "server.health", json!({})).await;
        }
    })
    .await;
}
