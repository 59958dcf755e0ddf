//! The probe: what is sent to it is kept and told like anything else, and it is nobody.

use antiphon_api::{ErrorCode, ids::UserId};
use serde_json::{Value, json};

use crate::support::{House, Link, must, refused};

async fn send(house: &House, nonce: &str) -> i64 {
    let sent = must(&house.operator(), "probe.send", json!({ "nonce": nonce })).await;
    sent["pos"].as_i64().expect("a position")
}

#[tokio::test]
async fn what_is_sent_to_it_is_in_the_log_and_for_it_alone() {
    let house = House::with_channel(2).await;
    let (mut link, _) = Link::open(&house, "g", None).await;
    let pos = send(&house, "n").await;
    let heard = link.so_far(&house).await;
    let event = heard.last().expect("is told");
    assert_eq!(event.pos.map(|pos| pos.get()), Some(pos));
    assert_eq!(
        (event.kind(), event.data()),
        ("probe.sent", &json!({ "nonce": "n" }))
    );
    assert_eq!(event.to, [UserId::PROBE.get()]);
    for user in [1, 2] {
        let replay = json!({ "user_id": user, "after": pos - 1, "through": pos, "first": true });
        let page = must(&house.operator(), "events.replay", replay).await;
        assert_eq!(page["page"]["events"], json!([]), "{page}");
    }
}

#[tokio::test]
async fn a_ticket_for_it_is_spent_as_any_other() {
    let house = House::of(1).await;
    let ticket = must(&house.operator(), "probe.ticket", json!({})).await["ticket"].clone();
    let params = json!({ "ticket": ticket });
    let redeemed = must(&house.operator(), "session.redeem", params.clone()).await;
    assert_eq!(redeemed["user_id"], UserId::PROBE.get());
    let again = refused(&house.operator(), "session.redeem", params).await;
    assert_eq!(again.kind(), Some(ErrorCode::NotFound));
}

#[tokio::test]
async fn it_is_not_the_first_user() {
    let house = House::new().await;
    must(&house.operator(), "probe.ticket", json!({})).await;
    send(&house, "before").await;
    let user = |name: &str| json!({ "name": name });
    let first: Value = must(&house.operator(), "user.create", user("ada")).await;
    assert_eq!(first["user"]["id"], 1);
    must(&house.user(1), "user.create", user("ben")).await;
    let count: i64 = house
        .database()
        .query_row("SELECT count(*) FROM user", [], |row| row.get(0))
        .expect("is SQL");
    assert_eq!(count, 2);
}

#[tokio::test]
async fn a_nonce_is_1_to_64_characters() {
    let house = House::of(1).await;
    for nonce in ["", " ", "a\nb", &"x".repeat(65)] {
        let params = json!({ "nonce": nonce });
        let error = refused(&house.operator(), "probe.send", params).await;
        assert_eq!(error.kind(), Some(ErrorCode::InvalidParams), "{nonce:?}");
    }
    send(&house, &"x".repeat(64)).await;
}
