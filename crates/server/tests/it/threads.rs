//! Replies, and who follows them.

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::{House, Talk, call, counts, ids, must};

async fn thread(talk: &Talk, user: i64, id: i64) -> Option<Value> {
    let threads = talk.snapshot(user, "threads").await;
    let mut threads = threads.as_array().expect("threads").iter();
    threads.find(|one| one["thread_id"] == id).cloned()
}

#[tokio::test]
async fn a_reply_is_told_to_the_channel_and_is_in_the_thread_alone() {
    let mut talk = Talk::of(3).await;
    let root = talk.say(1, "root").await;
    talk.heard().await;
    let reply = talk.reply(2, root, "reply").await;
    let all = vec![1, 2, 3];
    assert_eq!(
        talk.kinds().await,
        [
            ("message.created".to_owned(), all.clone()),
            ("message.replied".to_owned(), all),
            ("thread.updated".to_owned(), vec![2]),
            ("thread.updated".to_owned(), vec![1]),
        ]
    );
    let listed = talk
        .must(3, "message.list", json!({ "channel_id": 1 }))
        .await;
    assert_eq!(ids(&listed["messages"]), [root]);
    assert_eq!(listed["messages"][0]["reply_count"], 1);
    assert_eq!(listed["messages"][0]["last_reply_id"], reply);
    let replies = talk
        .must(3, "thread.messages", json!({ "thread_id": root }))
        .await;
    assert_eq!(ids(&replies["messages"]), [reply]);
    assert_eq!(replies["messages"][0]["thread_id"], root);
    assert_eq!(talk.counts(3).await, (1, 0), "the root alone");
}

#[tokio::test]
async fn a_reply_to_a_reply_or_from_another_channel_is_refused() {
    let talk = Talk::of(1).await;
    let root = talk.say(1, "root").await;
    let reply = talk.reply(1, root, "reply").await;
    let other = json!({ "workspace_id": 1, "kind": "public", "name": "d" });
    talk.must(1, "channel.create", other).await;
    for (channel, thread, code) in [(1, reply, -32602), (2, root, -32004), (1, 999, -32004)] {
        let params = json!({ "channel_id": channel, "thread_id": thread, "body": "x" });
        let error = talk.refused(1, "message.send", params).await;
        assert_eq!(error.code, code, "{error}");
    }
    for method in ["thread.follow", "thread.messages"] {
        let error = talk.refused(1, method, json!({ "thread_id": reply })).await;
        assert_eq!(error.data["errors"][0]["path"], "thread_id", "{method}");
    }
}

#[tokio::test]
async fn who_wrote_replied_or_is_named_follows_and_the_others_do_not() {
    let talk = Talk::of(4).await;
    let root = talk.say(1, "root").await;
    talk.reply(2, root, "one").await;
    talk.reply(2, root, "two, @u3").await;
    let unread = async |user| thread(&talk, user, root).await.as_ref().map(counts);
    assert_eq!(unread(1).await, Some((2, 0)));
    assert_eq!(unread(2).await, Some((0, 0)));
    assert_eq!(unread(3).await, Some((1, 1)), "from the reply that names");
    assert_eq!(unread(4).await, None);
    assert_eq!(
        talk.counts(3).await,
        (1, 0),
        "a reply mentions in its thread"
    );
}

#[tokio::test]
async fn an_author_who_unfollowed_is_not_made_to_follow_by_the_next_reply_but_by_a_mention() {
    let mut talk = Talk::of(2).await;
    let root = talk.say(1, "root").await;
    talk.reply(2, root, "one").await;
    talk.must(1, "thread.unfollow", json!({ "thread_id": root }))
        .await;
    talk.must(1, "thread.unfollow", json!({ "thread_id": root }))
        .await;
    let removed = talk.heard().await.pop().expect("is told");
    let told = json!({ "thread_id": root, "channel_id": 1, "reason": "unfollowed" });
    assert_eq!((removed.kind(), removed.data()), ("thread.removed", &told));
    talk.reply(2, root, "two").await;
    assert_eq!(thread(&talk, 1, root).await, None);
    talk.reply(2, root, "three, @u1").await;
    assert!(thread(&talk, 1, root).await.is_some());
}

#[tokio::test]
async fn an_author_who_unfollowed_does_not_follow_again_once_all_replies_were_deleted() {
    let talk = Talk::of(2).await;
    let root = talk.say(1, "root").await;
    let reply = talk.reply(2, root, "one").await;
    talk.must(1, "thread.unfollow", json!({ "thread_id": root }))
        .await;
    talk.must(2, "message.delete", json!({ "message_id": reply }))
        .await;
    assert_eq!(talk.message(root).await["reply_count"], 0);
    talk.reply(2, root, "two").await;
    assert_eq!(thread(&talk, 1, root).await, None);
}

#[tokio::test]
async fn following_begins_at_the_newest_reply_and_reading_never_goes_back() {
    let mut talk = Talk::of(2).await;
    let root = talk.say(1, "root").await;
    let one = talk.reply(1, root, "one").await;
    let followed = talk
        .must(2, "thread.follow", json!({ "thread_id": root }))
        .await;
    assert_eq!(followed["thread"]["last_read_id"], one);
    let two = talk.reply(1, root, "two").await;
    talk.reply(1, root, "three").await;
    let read = async |reply| {
        let params = json!({ "thread_id": root, "message_id": reply });
        talk.must(2, "thread.read", params).await["thread"].take()
    };
    assert_eq!(counts(&read(two).await), (1, 0));
    assert_eq!(read(one).await["last_read_id"], two);
    let moved = talk.heard().await;
    let moved = moved
        .iter()
        .filter(|one| one.kind() == "thread.updated" && one.to == [2]);
    assert_eq!(
        moved.count(),
        2,
        "following and reading further are told, once each"
    );
    for message in [root, 999] {
        let params = json!({ "thread_id": root, "message_id": message });
        assert_eq!(talk.refused(2, "thread.read", params).await.code, -32004);
    }
    talk.must(2, "thread.unfollow", json!({ "thread_id": root }))
        .await;
    let params = json!({ "thread_id": root, "message_id": two });
    assert_eq!(talk.refused(2, "thread.read", params).await.code, -32009);
}

#[tokio::test]
async fn who_leaves_the_channel_follows_nothing_there_when_they_come_back() {
    let talk = Talk::of(2).await;
    let root = talk.say(2, "root").await;
    talk.reply(1, root, "one").await;
    talk.must(2, "channel.leave", json!({ "channel_id": 1 }))
        .await;
    talk.reply(1, root, "two").await;
    talk.must(2, "channel.join", json!({ "channel_id": 1 }))
        .await;
    assert_eq!(talk.snapshot(2, "threads").await, json!([]));
}

#[tokio::test]
async fn a_thread_goes_with_its_root_and_a_reply_is_taken_off_the_root() {
    let mut talk = Talk::of(2).await;
    let root = talk.say(1, "root").await;
    let one = talk.reply(2, root, "one @u1").await;
    let two = talk.reply(2, root, "two").await;
    talk.must(2, "message.delete", json!({ "message_id": two }))
        .await;
    let summary = talk.message(root).await;
    assert_eq!(summary["reply_count"], 1);
    assert_eq!(summary["last_reply_id"], one);
    assert_eq!(
        summary["last_reply_at"],
        talk.message(one).await["created_at"]
    );
    talk.heard().await;
    talk.must(1, "message.delete", json!({ "message_id": root }))
        .await;
    assert_eq!(
        talk.kinds().await,
        [("message.deleted".to_owned(), vec![1, 2])]
    );
    let error = talk
        .refused(1, "message.get", json!({ "message_id": one }))
        .await;
    assert_eq!(error.code, -32004);
    assert_eq!(talk.snapshot(1, "threads").await, json!([]));
    let left: i64 = talk
        .house
        .purged()
        .await
        .database()
        .query_row(
            "SELECT (SELECT count(*) FROM mention) + (SELECT count(*) FROM thread_follow)
                  + (SELECT count(*) FROM message)",
            [],
            |row| row.get(0),
        )
        .expect("counts");
    assert_eq!(left, 0);
}

#[tokio::test]
async fn threads_and_replies_come_page_by_page() {
    let talk = Talk::of(1).await;
    let mut roots = Vec::new();
    for _ in 0..3 {
        let root = talk.say(1, "root").await;
        talk.reply(1, root, "a").await;
        roots.push(root);
    }
    let params = json!({ "channel_id": 1, "limit": 2 });
    let page = talk.must(1, "thread.list", params).await;
    let of = |page: &Value| -> Vec<i64> {
        let threads = page["threads"].as_array().expect("threads").iter();
        let id = |one: &Value| {
            assert_eq!(one["message"]["id"], one["thread_id"]);
            one["thread_id"].as_i64().expect("an id")
        };
        threads.map(id).collect()
    };
    assert_eq!(
        (of(&page), &page["has_more"]),
        (roots[1..].to_vec(), &json!(true))
    );
    let page = talk
        .must(1, "thread.list", json!({ "before_id": roots[1] }))
        .await;
    assert_eq!(
        (of(&page), &page["has_more"]),
        (roots[..1].to_vec(), &json!(false))
    );
    let first = ids(&talk
        .must(1, "thread.messages", json!({ "thread_id": roots[0] }))
        .await["messages"]);
    let more = talk.reply(1, roots[0], "b").await;
    let since = json!({ "thread_id": roots[0], "since_id": first[0] });
    let since = talk.must(1, "thread.messages", since).await;
    assert_eq!(ids(&since["messages"]), [more]);
    let before = json!({ "thread_id": roots[0], "before_id": more, "limit": 1 });
    let before = talk.must(1, "thread.messages", before).await;
    assert_eq!(ids(&before["messages"]), first);
}

#[tokio::test]
async fn at_the_most_threads_one_can_follow_the_one_with_the_oldest_last_reply_goes() {
    let talk = Talk::of(2).await;
    for _ in 0..3 {
        talk.say(2, "root").await;
    }
    talk.reply(2, 1, "the first thread has the newest reply")
        .await;
    let folder = talk.house.stop().await;
    let db = Connection::open(folder.path().join("antiphon.db")).expect("opens");
    db.execute_batch(
        "WITH RECURSIVE n (id) AS (SELECT 100 UNION ALL SELECT id + 1 FROM n WHERE id < 1097)
         INSERT INTO message (id, channel_id, author_id, body, created_at)
         SELECT id, 1, 2, 'more', 1 FROM n;
         UPDATE message SET last_reply_id = 5000 + id WHERE id >= 100;
         UPDATE message SET last_reply_id = 9000 WHERE id = 1;
         INSERT INTO thread_follow SELECT 1, 1, id, NULL FROM message WHERE id <= 2 OR id >= 100;",
    )
    .expect("is SQL");
    drop(db);
    let house = House::in_folder(folder).await;
    let user = house.user(1);
    must(&user, "thread.follow", json!({ "thread_id": 3 })).await;
    let threads = must(&user, "state.snapshot", json!({})).await["threads"].take();
    let threads = threads.as_array().expect("threads");
    assert_eq!(threads.len(), 1_000);
    let head: Vec<_> = threads[..2].iter().map(|one| &one["thread_id"]).collect();
    assert_eq!(head, [1, 3], "2 has no reply and is the oldest itself");
    let again = call(&user, "thread.follow", json!({ "thread_id": 2 })).await;
    assert!(again.is_ok());
    let (_, greeting) = crate::support::Link::open(&house, "late", None).await;
    let newest: String = house
        .database()
        .query_row(
            "SELECT event FROM log WHERE event LIKE '%thread.removed%' AND pos <= ?1
             ORDER BY pos DESC LIMIT 1",
            [greeting.head.get()],
            |row| row.get(0),
        )
        .expect("is told");
    assert!(
        newest.contains(r#""thread_id":3"#) && newest.contains("displaced"),
        "{newest}"
    );
}

#[tokio::test]
async fn a_thread_with_the_most_replies_takes_no_more() {
    let talk = Talk::of(1).await;
    let root = talk.say(1, "root").await;
    let folder = talk.house.stop().await;
    let db = Connection::open(folder.path().join("antiphon.db")).expect("opens");
    db.execute("UPDATE message SET reply_count = 9999", [])
        .expect("is SQL");
    drop(db);
    let house = House::in_folder(folder).await;
    let reply = json!({ "thread_id": root, "body": "x" });
    must(&house.user(1), "thread.reply", reply.clone()).await;
    let error = call(&house.user(1), "thread.reply", reply)
        .await
        .expect_err("is full");
    assert_eq!((error.code, &error.data["limit"]), (-32009, &json!(10_000)));
}
