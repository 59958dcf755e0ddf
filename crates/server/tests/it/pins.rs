//! Pinned messages.

use serde_json::json;

use crate::support::{Talk, call, ids, must};

#[tokio::test]
async fn a_message_is_pinned_once_and_the_channel_hears_of_it() {
    let mut talk = Talk::of(2).await;
    let (one, two) = (talk.say(1, "one").await, talk.say(1, "two").await);
    talk.heard().await;
    for message in [two, one, one] {
        talk.must(2, "message.pin", json!({ "message_id": message }))
            .await;
    }
    let heard = talk.heard().await;
    assert_eq!((heard.len(), heard[0].kind()), (2, "message.pinned"));
    let pinned = talk.message(two).await;
    assert_eq!(pinned["pinned_by"], 2);
    let told = heard[0].data();
    assert_eq!(told["pinned_at"], pinned["pinned_at"]);
    assert_eq!(
        (&told["pinned_by"], &told["revision"]),
        (&json!(2), &json!(2))
    );
    let listed = talk
        .must(1, "message.pins", json!({ "channel_id": 1 }))
        .await;
    let mut pins = ids(&listed["messages"]);
    pins.sort_unstable();
    assert_eq!(pins, [one, two]);
    for _ in 0..2 {
        talk.must(1, "message.unpin", json!({ "message_id": two }))
            .await;
    }
    let heard = talk.heard().await;
    assert_eq!((heard.len(), heard[0].kind()), (1, "message.unpinned"));
    assert!(heard[0].data()["pinned_at"].is_null() && heard[0].data()["pinned_by"].is_null());
    let listed = talk
        .must(1, "message.pins", json!({ "channel_id": 1 }))
        .await;
    assert_eq!(ids(&listed["messages"]), [one]);
}

#[tokio::test]
async fn a_channel_holds_so_many_pins() {
    let talk = Talk::of(1).await;
    let message = talk.say(1, "x").await;
    let pins = "WITH RECURSIVE n (id) AS (SELECT 100 UNION ALL SELECT id + 1 FROM n WHERE id < 199)
         INSERT INTO message (id, channel_id, author_id, body, created_at, pinned_at, pinned_by)
         SELECT id, 1, 1, 'x', 1, id, 1 FROM n;";
    let house = talk.house.changed(pins).await;
    let (user, pin) = (house.user(1), json!({ "message_id": message }));
    let error = call(&user, "message.pin", pin.clone())
        .await
        .expect_err("is full");
    assert_eq!((error.code, &error.data["limit"]), (-32009, &json!(100)));
    must(&user, "message.unpin", json!({ "message_id": 150 })).await;
    must(&user, "message.pin", pin).await;
    let all = json!({ "channel_id": 1, "limit": 200 });
    let listed = must(&user, "message.pins", all).await;
    let newest_first: Vec<i64> = (100..200).rev().filter(|id| *id != 150).collect();
    assert_eq!(ids(&listed["messages"])[1..], newest_first);
}

#[tokio::test]
async fn pins_and_former_bodies_are_read_page_by_page_and_a_page_ends_at_a_mebibyte() {
    let talk = Talk::of(1).await;
    let message = talk.say(1, "x").await;
    let pins_and_bodies = format!(
        "WITH RECURSIVE n (id) AS (SELECT 100 UNION ALL SELECT id + 1 FROM n WHERE id < 139)
         INSERT INTO message (id, channel_id, author_id, body, created_at, pinned_at, pinned_by)
         SELECT id, 1, 1, printf('%.*c', 32768, 'x'), 1, id / 7, 1 FROM n;
         WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 40)
         INSERT INTO former_body (message_id, revision, body, edited_at)
         SELECT {message}, id, printf('%.*c', 32768, 'x'), 1 FROM n;"
    );
    let house = talk.house.changed(&pins_and_bodies).await;
    let user = house.user(1);
    let first = must(&user, "message.pins", json!({ "channel_id": 1 })).await;
    let mut seen = ids(&first["messages"]);
    assert_eq!((seen.len(), &first["has_more"]), (32, &json!(true)));
    let next = json!({ "channel_id": 1, "before_id": seen[31] });
    let rest = must(&user, "message.pins", next).await;
    assert_eq!(rest["has_more"], false);
    seen.extend(ids(&rest["messages"]));
    assert_eq!(seen, (100..140).rev().collect::<Vec<i64>>());
    let absent = json!({ "channel_id": 1, "before_id": message });
    let error = call(&user, "message.pins", absent)
        .await
        .expect_err("is not pinned");
    assert_eq!(error.data["errors"][0]["path"], "before_id");

    let first = must(&user, "message.history", json!({ "message_id": message })).await;
    let edits = first["edits"].as_array().expect("edits");
    assert_eq!((edits.len(), &first["has_more"]), (32, &json!(true)));
    let next = json!({ "message_id": message, "before_revision": edits[31]["revision"] });
    let rest = must(&user, "message.history", next).await;
    assert_eq!(rest["edits"].as_array().map(Vec::len), Some(8));
    assert_eq!(
        (&rest["edits"][0]["revision"], &rest["has_more"]),
        (&json!(8), &json!(false))
    );
}
