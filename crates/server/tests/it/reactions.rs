//! Reactions.

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::{House, Talk, call, must};

fn on(message: i64, emoji: &str) -> Value {
    json!({ "message_id": message, "emoji": emoji })
}

#[tokio::test]
async fn reactions_stand_in_the_order_they_were_put_and_every_change_is_told_whole() {
    let mut talk = Talk::of(3).await;
    let message = talk.say(1, "x").await;
    talk.heard().await;
    for (user, emoji) in [(2, "👍"), (3, "🎉"), (1, "👍"), (2, "👍")] {
        talk.must(user, "message.react", on(message, emoji)).await;
    }
    let reactions = json!([
        { "emoji": "👍", "user_ids": [2, 1] },
        { "emoji": "🎉", "user_ids": [3] },
    ]);
    let heard = talk.heard().await;
    assert_eq!(heard.len(), 3, "the same again is no change");
    let told = json!({
        "message_id": message, "channel_id": 1, "reactions": reactions, "revision": 4,
    });
    assert_eq!(
        (heard[2].kind(), heard[2].data()),
        ("message.reacted", &told)
    );
    assert_eq!(talk.message(message).await["reactions"], reactions);
    talk.must(2, "message.unreact", on(message, "👍")).await;
    talk.must(2, "message.unreact", on(message, "👍")).await;
    assert_eq!(talk.heard().await.len(), 1);
    let toggled = talk
        .must(3, "message.toggle_react", on(message, "🎉"))
        .await;
    assert_eq!(
        toggled["reactions"],
        json!([{ "emoji": "👍", "user_ids": [1] }])
    );
    let toggled = talk
        .must(3, "message.toggle_react", on(message, "🎉"))
        .await;
    assert_eq!(toggled["reactions"][1]["user_ids"], json!([3]));
}

#[tokio::test]
async fn an_emoji_is_short_and_has_no_white_space() {
    let talk = Talk::of(1).await;
    let message = talk.say(1, "x").await;
    for emoji in ["", "a b", "a\u{7}", &"x".repeat(33)] {
        let error = talk.refused(1, "message.react", on(message, emoji)).await;
        assert_eq!(error.data["errors"][0]["path"], "emoji");
    }
    talk.must(1, "message.react", on(message, &"x".repeat(32)))
        .await;
}

#[tokio::test]
async fn a_message_holds_so_many_emoji_and_so_many_reactions() {
    let talk = Talk::of(1).await;
    let (many, much) = (talk.say(1, "x").await, talk.say(1, "y").await);
    let folder = talk.house.stop().await;
    let db = Connection::open(folder.path().join("antiphon.db")).expect("opens");
    db.execute_batch(&format!(
        "WITH RECURSIVE n (id) AS (SELECT 2 UNION ALL SELECT id + 1 FROM n WHERE id < 2000)
         INSERT INTO user (id, name, display_name, administrator, created_at)
         SELECT id, 'n' || id, 'n', 0, 1 FROM n;
         INSERT INTO reaction (message_id, emoji, user_id)
         SELECT {many}, 'e' || id, 2 FROM user WHERE id <= 49;
         INSERT INTO reaction (message_id, emoji, user_id)
         SELECT {much}, '👍', id FROM user WHERE id > 1;"
    ))
    .expect("is SQL");
    drop(db);
    let house = House::in_folder(folder).await;
    let user = house.user(1);
    for message in [many, much] {
        must(&user, "message.react", on(message, "🎉")).await;
        let error = call(&user, "message.react", on(message, "🎈")).await;
        assert_eq!(error.expect_err("is full").code, -32009);
    }
    must(&user, "message.react", on(many, "e7")).await;
    must(&user, "message.unreact", on(much, "🎉")).await;
    let refused = call(
        &user,
        "message.update",
        json!({ "message_id": much, "body": "\u{1}".repeat(32 << 10) }),
    );
    refused
        .await
        .expect("the largest body and all reactions fit one event");
}
