//! What is unread, and how far one has read.

use serde_json::{Value, json};

use crate::support::{House, Talk, ids, must};

/// Users 1 and 2 of a workspace, and a channel that 1 has written two messages to.
async fn written() -> House {
    let house = House::of(2).await;
    must(&house.user(1), "workspace.create", json!({ "name": "w" })).await;
    let member = json!({ "workspace_id": 1, "user_id": 2 });
    must(&house.user(1), "workspace.add_member", member).await;
    let channel = json!({ "workspace_id": 1, "kind": "public", "name": "c" });
    must(&house.user(1), "channel.create", channel).await;
    say(&house, 1, "one").await;
    say(&house, 1, "two").await;
    house
}

async fn say(house: &House, user: i64, body: &str) {
    let params = json!({ "channel_id": 1, "body": body });
    must(&house.user(user), "message.send", params).await;
}

async fn read(house: &House, user: i64) -> Value {
    let mut snapshot = must(&house.user(user), "state.snapshot", json!({})).await;
    snapshot["reads"][0].take()
}

#[tokio::test]
async fn who_joins_has_nothing_unread_and_begins_at_the_newest_message() {
    let house = written().await;
    must(&house.user(2), "channel.join", json!({ "channel_id": 1 })).await;
    let expected = json!({ "channel_id": 1, "last_read_id": 2, "unread": 0, "mentions": 0 });
    assert_eq!(read(&house, 2).await, expected);
}

#[tokio::test]
async fn unread_are_the_messages_of_others_above_the_cursor_that_still_exist() {
    let house = written().await;
    must(&house.user(2), "channel.join", json!({ "channel_id": 1 })).await;
    say(&house, 1, "three").await;
    say(&house, 2, "four, one's own").await;
    say(&house, 1, "five").await;
    assert_eq!(read(&house, 2).await["unread"], 2);
    must(&house.user(1), "message.delete", json!({ "message_id": 3 })).await;
    assert_eq!(read(&house, 2).await["unread"], 1);
    let mark = json!({ "channel_id": 1, "message_id": 5 });
    must(&house.user(2), "read.mark", mark).await;
    assert_eq!(read(&house, 2).await["unread"], 0);
}

#[tokio::test]
async fn a_cursor_never_moves_back() {
    let house = written().await;
    for message in [2, 1] {
        let mark = json!({ "channel_id": 1, "message_id": message });
        must(&house.user(1), "read.mark", mark).await;
    }
    assert_eq!(read(&house, 1).await["last_read_id"], 2);
}

/// All ids of the channel, page after page from `params` on; `next` says how to go on.
async fn paged(
    house: &House,
    mut params: Value,
    next: fn(&[i64]) -> (&'static str, i64),
) -> Vec<Vec<i64>> {
    let mut pages = Vec::new();
    loop {
        let listed = must(&house.user(1), "message.list", params.clone()).await;
        let messages = listed["messages"].as_array().expect("messages");
        let ids: Vec<i64> = messages
            .iter()
            .filter_map(|one| one["id"].as_i64())
            .collect();
        let (name, from) = next(&ids);
        params[name] = json!(from);
        pages.push(ids);
        if listed["has_more"] == false {
            return pages;
        }
    }
}

#[tokio::test]
async fn a_page_ends_at_a_mebibyte_of_bodies_and_the_next_skips_nothing() {
    let house = written().await;
    for _ in 0..40 {
        say(&house, 1, &"x".repeat(32 << 10)).await;
    }
    let up = json!({ "channel_id": 1, "limit": 200, "since_id": 1 });
    let down = json!({ "channel_id": 1, "limit": 200 });
    let up = paged(&house, up, |ids| ("since_id", ids[ids.len() - 1])).await;
    let down = paged(&house, down, |ids| ("before_id", ids[0])).await;
    let sizes = |pages: &[Vec<i64>]| pages.iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!((sizes(&up), sizes(&down)), (vec![32, 9], vec![32, 10]));
    assert_eq!(up.concat(), (2..=42).collect::<Vec<_>>());
    let mut all = down.concat();
    all.sort_unstable();
    assert_eq!(all, (1..=42).collect::<Vec<_>>());
}

#[tokio::test]
async fn marked_unread_a_message_and_all_after_it_are_unread() {
    let mut talk = Talk::of(2).await;
    let one = talk.say(1, "one").await;
    let two = talk.say(1, "two, @u2").await;
    let reply = talk.reply(1, one, "reply").await;
    talk.say(1, "three").await;
    talk.must(2, "read.mark_all", json!({})).await;
    talk.heard().await;
    let unread = |message: i64| json!({ "channel_id": 1, "message_id": message });
    for (message, last_read, counts) in [(two, json!(one), (2, 1)), (one, Value::Null, (3, 1))] {
        let read = talk.must(2, "read.mark_unread", unread(message)).await;
        assert_eq!(read["read"]["last_read_id"], last_read);
        assert_eq!(talk.counts(2).await, counts);
    }
    let told = talk.heard().await;
    assert_eq!(
        (told.len(), told[1].kind(), &told[1].to),
        (2, "read.updated", &vec![2])
    );
    assert_eq!(told[1].data()["read"]["unread"], 3);
    let error = talk.refused(2, "read.mark_unread", unread(reply)).await;
    assert_eq!(error.data["errors"][0]["path"], "message_id");
    assert_eq!(
        talk.refused(2, "read.mark_unread", unread(999)).await.code,
        -32004
    );
}

#[tokio::test]
async fn marking_all_moves_each_cursor_once_and_tells_of_those_that_moved() {
    let mut talk = Talk::of(2).await;
    for workspace in [1, 2] {
        if workspace == 2 {
            talk.must(2, "workspace.create", json!({ "name": "v" }))
                .await;
        }
        let channel = json!({ "workspace_id": workspace, "kind": "public", "name": "d" });
        talk.must(2, "channel.create", channel).await;
    }
    let first = talk.say(1, "one").await;
    for channel in [2, 3] {
        talk.must(
            2,
            "message.send",
            json!({ "channel_id": channel, "body": "own" }),
        )
        .await;
    }
    talk.heard().await;
    let marked = talk
        .must(2, "read.mark_all", json!({ "workspace_id": 1 }))
        .await;
    let channels = |reads: &Value| -> Vec<Value> {
        let reads = reads.as_array().expect("reads").iter();
        reads.map(|read| read["channel_id"].clone()).collect()
    };
    assert_eq!(channels(&marked["reads"]), [1, 2]);
    assert_eq!(marked["reads"][0]["last_read_id"], first);
    let marked = talk.must(2, "read.mark_all", json!({})).await;
    assert_eq!(channels(&marked["reads"]), [3]);
    assert_eq!(talk.heard().await.len(), 3);
    let cursors = talk.must(2, "read.cursors", json!({})).await;
    assert_eq!(cursors["reads"], talk.snapshot(2, "reads").await);
    assert_eq!(channels(&cursors["reads"]), [1, 2, 3]);
}

#[tokio::test]
async fn messages_stay_in_the_order_they_were_sent_when_the_clock_is_put_back() {
    let talk = Talk::of(1).await;
    let root = talk.say(1, "root").await;
    let early = talk.reply(1, root, "early").await;
    let later = "UPDATE message SET created_at = created_at + 300000";
    let house = talk.house.changed(later).await;
    let reply = json!({ "thread_id": root, "body": "late" });
    let late = must(&house.user(1), "thread.reply", reply).await["message"]["id"].take();
    say(&house, 1, "last").await;
    let listed = must(&house.user(1), "message.list", json!({ "channel_id": 1 })).await;
    assert_eq!(ids(&listed["messages"]), [root, root + 3]);
    assert_eq!(listed["messages"][0]["last_reply_id"], late);
    let params = json!({ "thread_id": root });
    let replies = must(&house.user(1), "thread.messages", params).await;
    assert_eq!(ids(&replies["messages"])[0], early);
    let times: Vec<_> = replies["messages"]
        .as_array()
        .expect("replies")
        .iter()
        .map(|one| one["created_at"].as_i64())
        .collect();
    assert!(times[0] > times[1], "{times:?}");
}
