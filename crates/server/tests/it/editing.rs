//! What becomes of a message after it was sent: edits, revisions, deletion.

use serde_json::{Value, json};

use crate::support::{Heard, Talk};

fn edit(message: i64, body: &str) -> Value {
    json!({ "message_id": message, "body": body })
}

#[tokio::test]
async fn edits_are_remembered_the_newest_first() {
    let mut talk = Talk::of(2).await;
    let message = talk.say(1, "one").await;
    for body in ["two", "two", "three"] {
        talk.must(1, "message.update", edit(message, body)).await;
    }
    let history = talk
        .must(2, "message.history", json!({ "message_id": message }))
        .await;
    let edits = history["edits"].as_array().expect("edits").iter();
    let told: Vec<_> = edits
        .map(|one| json!([one["revision"], one["body"]]))
        .collect();
    assert_eq!(told, [json!([2, "two"]), json!([1, "one"])]);
    assert_eq!(
        history["edits"][0]["edited_at"],
        talk.message(message).await["edited_at"]
    );
    let told = talk.heard().await;
    assert_eq!(told.len(), 3, "the same body again is no edit");
}

#[tokio::test]
async fn the_newest_fifty_former_bodies_are_kept() {
    let talk = Talk::of(1).await;
    let message = talk.say(1, "0").await;
    for body in 1..=53 {
        talk.must(1, "message.update", edit(message, &body.to_string()))
            .await;
    }
    let history = talk
        .must(1, "message.history", json!({ "message_id": message }))
        .await;
    let edits = history["edits"].as_array().expect("edits");
    assert_eq!(
        (edits.len(), &edits[0]["body"], &edits[49]["body"]),
        (50, &json!("52"), &json!("3"))
    );
}

#[tokio::test]
async fn edits_can_be_ordered_because_every_change_raises_the_revision() {
    let mut talk = Talk::of(2).await;
    let message = talk.say(1, "one").await;
    talk.must(1, "message.update", edit(message, "two")).await;
    talk.must(
        2,
        "message.react",
        json!({ "message_id": message, "emoji": "👍" }),
    )
    .await;
    talk.must(2, "message.pin", json!({ "message_id": message }))
        .await;
    let reply = talk.reply(2, message, "reply").await;
    talk.must(2, "message.delete", json!({ "message_id": reply }))
        .await;
    talk.must(
        2,
        "message.unreact",
        json!({ "message_id": message, "emoji": "👍" }),
    )
    .await;
    talk.must(2, "message.unpin", json!({ "message_id": message }))
        .await;
    talk.must(1, "message.update", edit(message, "three")).await;
    let heard = talk.heard().await;
    let of_message = heard.iter().filter_map(|one| {
        let data = one.data();
        let held = if data["message"].is_null() {
            data
        } else {
            &data["message"]
        };
        let is_it = held["id"] == message || held["message_id"] == message;
        held["revision"].as_i64().filter(|_| is_it)
    });
    assert_eq!(of_message.collect::<Vec<_>>(), (1..=9).collect::<Vec<_>>());
    assert_eq!(talk.message(message).await["revision"], 9);
}

#[tokio::test]
async fn an_edit_changes_no_mention() {
    let talk = Talk::of(2).await;
    let (with, without) = (talk.say(1, "@u2").await, talk.say(1, "x").await);
    talk.must(1, "message.update", edit(with, "x")).await;
    talk.must(1, "message.update", edit(without, "@u2 @channel"))
        .await;
    assert_eq!(talk.message(with).await["mentions"], json!([2]));
    assert_eq!(talk.message(without).await["mentions"], json!([]));
    assert_eq!(talk.counts(2).await, (2, 1));
}

#[tokio::test]
async fn a_bulk_deletion_deletes_each_once_and_a_reply_before_its_root() {
    let mut talk = Talk::of(2).await;
    let root = talk.say(1, "root").await;
    let other = talk.say(1, "other").await;
    let reply = talk.reply(2, root, "reply").await;
    talk.reply(2, root, "not named").await;
    talk.heard().await;
    let params = json!({ "channel_id": 1, "message_ids": [other, reply, root, other] });
    let deleted = talk.must(1, "message.bulk_delete", params).await;
    assert_eq!(deleted["deleted_ids"], json!([root, other, reply]));
    let heard = talk.heard().await;
    let told: Vec<_> = heard
        .iter()
        .map(|one| (one.kind(), one.data()["message_id"].as_i64()))
        .collect();
    assert_eq!(
        told,
        [
            ("message.deleted", Some(reply)),
            ("message.replied", Some(root)),
            ("message.deleted", Some(other)),
            ("message.deleted", Some(root)),
        ]
    );
    let listed = talk
        .must(2, "message.list", json!({ "channel_id": 1 }))
        .await;
    assert_eq!(listed["messages"], json!([]));
}

#[tokio::test]
async fn a_bulk_deletion_deletes_all_or_nothing() {
    let mut talk = Talk::of(2).await;
    let (own, other) = (talk.say(2, "own").await, talk.say(1, "other").await);
    talk.heard().await;
    let bulk = |ids: Value| json!({ "channel_id": 1, "message_ids": ids });
    let many: Vec<i64> = (1..=101).collect();
    for (ids, code) in [
        (json!([own, other]), -32003),
        (json!([own, 999]), -32004),
        (json!([]), -32602),
        (json!(many), -32602),
    ] {
        let error = talk.refused(2, "message.bulk_delete", bulk(ids)).await;
        assert_eq!(error.code, code, "{error}");
    }
    assert_eq!(talk.heard().await, []);
    talk.must(2, "message.bulk_delete", bulk(json!([own])))
        .await;
}

#[tokio::test]
async fn an_edited_and_deleted_message_does_not_come_back_in_a_replay() {
    let mut talk = Talk::of(1).await;
    let message = talk.say(1, "one").await;
    talk.must(1, "message.update", edit(message, "two")).await;
    talk.must(1, "message.delete", json!({ "message_id": message }))
        .await;
    let told: Vec<_> = talk
        .kinds()
        .await
        .into_iter()
        .map(|(kind, _)| kind)
        .collect();
    assert_eq!(
        told,
        ["message.created", "message.updated", "message.deleted"]
    );
    for (method, params) in [
        ("message.update", edit(message, "three")),
        (
            "message.react",
            json!({ "message_id": message, "emoji": "👍" }),
        ),
        ("message.pin", json!({ "message_id": message })),
        ("thread.reply", json!({ "thread_id": message, "body": "x" })),
    ] {
        assert_eq!(
            talk.refused(1, method, params).await.code,
            -32004,
            "{method}"
        );
    }
}

/// What somebody who held a message has after one more event.
fn fold(held: &mut Value, heard: &Heard) {
    let data = heard.data();
    let is_it = data["message_id"] == held["id"] || data["message"]["id"] == held["id"];
    if !is_it {
        return;
    }
    if data["message"].is_object() {
        *held = data["message"].clone();
        return;
    }
    for (field, value) in data.as_object().expect("data") {
        if !held[field].is_null() || field.starts_with("pinned") || field.starts_with("last") {
            held[field] = value.clone();
        }
    }
}

#[tokio::test]
async fn edits_reactions_pins_and_replies_missed_offline_are_all_in_what_comes_after() {
    let mut talk = Talk::of(2).await;
    let message = talk.say(1, "one").await;
    let start = talk.message(message).await;
    talk.heard().await;
    talk.must(1, "message.update", edit(message, "two")).await;
    talk.must(
        2,
        "message.react",
        json!({ "message_id": message, "emoji": "👍" }),
    )
    .await;
    talk.must(2, "message.pin", json!({ "message_id": message }))
        .await;
    let reply = talk.reply(2, message, "reply").await;
    let heard = talk.heard().await;
    let mut held = start.clone();
    heard.iter().for_each(|heard| fold(&mut held, heard));
    assert_eq!(held, talk.message(message).await);
    talk.must(2, "message.delete", json!({ "message_id": reply }))
        .await;
    talk.must(2, "message.unpin", json!({ "message_id": message }))
        .await;
    let more = talk.heard().await;
    more.iter().for_each(|heard| fold(&mut held, heard));
    assert_eq!(held, talk.message(message).await);
    let mut again = start;
    heard
        .iter()
        .chain(&more)
        .for_each(|heard| fold(&mut again, heard));
    assert_eq!(again, held);
}

#[tokio::test]
async fn who_may_not_send_any_more_does_not_speak_by_editing() {
    let talk = Talk::of(2).await;
    let message = talk.say(2, "one").await;
    let silent = json!({ "workspace_id": 1, "role": "member", "permissions": ["channel:join"] });
    talk.must(1, "workspace.set_permissions", silent).await;
    let error = talk
        .refused(2, "message.update", edit(message, "two"))
        .await;
    assert_eq!(error.data["permission"], "message:send");
}

#[tokio::test]
async fn a_root_with_replies_of_others_goes_only_with_the_permission_to_delete_theirs() {
    let talk = Talk::of(3).await;
    let (mine, answered) = (talk.say(2, "mine").await, talk.say(2, "answered").await);
    let reply = |root: i64| json!({ "thread_id": root, "body": "reply" });
    talk.must(2, "thread.reply", reply(mine)).await;
    talk.must(3, "thread.reply", reply(answered)).await;
    talk.must(2, "message.delete", json!({ "message_id": mine }))
        .await;
    let params = json!({ "message_id": answered });
    let error = talk.refused(2, "message.delete", params.clone()).await;
    assert_eq!(error.data["permission"], "message:delete");
    talk.must(1, "message.delete", params).await;
}
