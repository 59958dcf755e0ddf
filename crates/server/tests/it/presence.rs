//! Who is there: from leases to those who share a workspace, and nobody else.

use antiphon_api::ErrorCode;
use antiphon_wire::LeaseState::{Closed, Hidden, Visible};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::{Heard, House, Link, call, must};

/// Users 1 and 2 share a workspace; 3 has one alone.
async fn neighbours() -> House {
    let house = House::of(3).await;
    for user in [1, 3] {
        must(
            &house.user(user),
            "workspace.create",
            json!({ "name": "w" }),
        )
        .await;
    }
    let params = json!({ "workspace_id": 1, "user_id": 2 });
    must(&house.user(1), "workspace.add_member", params).await;
    house
}

fn told(heard: &Heard) -> (Vec<i64>, i64, &str) {
    assert_eq!(heard.kind(), "presence.changed");
    let data = heard.data();
    let user = data["user_id"].as_i64().unwrap_or_default();
    assert_eq!(heard.key, Some(format!("presence:{user}")));
    (
        heard.to.clone(),
        user,
        data["state"].as_str().unwrap_or_default(),
    )
}

async fn states(house: &House, user: i64) -> Value {
    let listed = must(&house.user(user), "presence.list", json!({})).await;
    let listed = listed["presence"].as_array().cloned().unwrap_or_default();
    let state = |one: &Value| json!([one["user_id"], one["state"]]);
    listed.iter().map(state).collect()
}

#[tokio::test]
async fn those_who_share_a_workspace_hear_of_a_change_and_nobody_else() {
    let house = neighbours().await;
    let (mut link, _) = Link::open(&house, "g", None).await;
    link.leases(true, &[(2, 1, Visible)]).await;
    assert_eq!(told(&link.ephemeral().await), (vec![1, 2], 2, "online"));
    link.leases(false, &[(2, 1, Hidden)]).await;
    assert_eq!(told(&link.ephemeral().await), (vec![1, 2], 2, "away"));
    link.leases(false, &[(3, 2, Visible), (2, 1, Closed)]).await;
    assert_eq!(told(&link.ephemeral().await), (vec![3], 3, "online"));
    assert_eq!(
        states(&house, 1).await,
        json!([[1, "offline"], [2, "away"]])
    );
    assert_eq!(states(&house, 3).await, json!([[3, "online"]]));
}

#[tokio::test]
async fn a_status_text_is_told_with_a_newer_revision() {
    let house = neighbours().await;
    let (mut link, _) = Link::open(&house, "g", None).await;
    link.leases(true, &[(1, 1, Visible)]).await;
    let online = link.ephemeral().await;
    let status = json!({ "text": "lunch", "emoji": "🍜" });
    must(&house.user(1), "presence.set_status_text", status).await;
    let heard = link.ephemeral().await;
    assert_eq!(told(&heard), (vec![1, 2], 1, "online"));
    assert_eq!(heard.data()["status_text"], "lunch");
    assert_eq!(heard.data()["since"], online.data()["since"]);
    assert!(heard.data()["revision"].as_i64() > online.data()["revision"].as_i64());
}

#[tokio::test]
async fn typing_reaches_the_members_but_the_typist() {
    let house = neighbours().await;
    let channel = json!({ "workspace_id": 1, "kind": "public", "name": "c" });
    must(&house.user(1), "channel.create", channel).await;
    must(&house.user(2), "channel.join", json!({ "channel_id": 1 })).await;
    let (mut link, _) = Link::open(&house, "g", None).await;
    must(&house.user(2), "typing.relay", json!({ "channel_id": 1 })).await;
    let heard = link.ephemeral().await;
    assert_eq!((heard.kind(), &heard.to), ("typing.started", &vec![1]));
    assert_eq!(heard.key.as_deref(), Some("typing:1:2"));
    assert_eq!(heard.data()["user_id"], 2);
}

/// A workspace of 90,001: 1, who owns it, and 2 to 90,001.
async fn crowd() -> House {
    let house = House::of(1).await;
    must(&house.user(1), "workspace.create", json!({ "name": "w" })).await;
    let folder = house.stop().await;
    let db = Connection::open(folder.path().join("antiphon.db")).expect("opens");
    db.execute_batch(
        "WITH RECURSIVE n (id) AS (SELECT 2 UNION ALL SELECT id + 1 FROM n WHERE id < 90001)
         INSERT INTO user (id, name, display_name, administrator, created_at)
         SELECT id, 'u' || id, 'u' || id, 0, 1 FROM n;
         INSERT INTO membership (kind, scope_id, to_pos, user_id, from_pos, role)
         SELECT 1, 1, 9223372036854775807, id, 1, 'member' FROM user WHERE id > 1;",
    )
    .expect("inserts");
    drop(db);
    House::in_folder(folder).await
}

#[tokio::test]
async fn a_snapshot_of_a_crowd_names_a_thousand_people_and_the_caller_among_them() {
    let house = crowd().await;
    for (user, last) in [(1, 1000), (500, 1000), (90_000, 90_000)] {
        let snapshot = must(&house.user(user), "state.snapshot", json!({})).await;
        for (people, id) in [("users", "id"), ("presence", "user_id")] {
            let people = snapshot[people].as_array().expect("people");
            assert_eq!(people.len(), 1000);
            assert_eq!(people[998][id], 999);
            assert_eq!(people[999][id], last);
        }
    }
    let met = json!({ "user_id": 70_000 });
    must(&house.user(1), "user.get", met).await;
}

#[tokio::test]
async fn of_a_crowd_a_thousand_are_listed_and_first_those_who_are_there() {
    let house = crowd().await;
    let (mut link, _) = Link::open(&house, "g", None).await;
    link.leases(true, &[(80_000, 1, Visible)]).await;
    assert_eq!(link.ephemeral().await.data()["user_id"], 80_000);
    let listed = states(&house, 1).await;
    assert_eq!(listed.as_array().map(Vec::len), Some(1000));
    assert_eq!(listed[998], json!([999, "offline"]));
    assert_eq!(listed[999], json!([80_000, "online"]));
    let asked = json!({ "user_ids": [80_000, 70_000, 90_002, 3] });
    let listed = must(&house.user(1), "presence.list", asked).await;
    let listed = listed["presence"].as_array().expect("presence");
    let ids: Vec<&Value> = listed.iter().map(|one| &one["user_id"]).collect();
    assert_eq!(json!(ids), json!([3, 70_000, 80_000]));
}

#[tokio::test]
async fn who_is_invisible_is_offline_to_others_and_knows_better() {
    let house = neighbours().await;
    let (mut link, _) = Link::open(&house, "g", None).await;
    link.leases(true, &[(2, 1, Visible)]).await;
    assert_eq!(told(&link.ephemeral().await), (vec![1, 2], 2, "online"));
    let invisible = json!({ "state": "invisible" });
    let set = must(&house.user(2), "presence.set", invisible).await;
    assert_eq!(set["presence"]["state"], "invisible");
    assert_eq!(told(&link.ephemeral().await), (vec![2], 2, "invisible"));
    assert_eq!(told(&link.ephemeral().await), (vec![1], 2, "offline"));
    let seen = json!([[1, "offline"], [2, "offline"]]);
    assert_eq!(states(&house, 1).await, seen);
    let own = json!([[1, "offline"], [2, "invisible"]]);
    assert_eq!(states(&house, 2).await, own);
    link.leases(false, &[(2, 1, Hidden), (2, 2, Visible)]).await;
    must(&house.user(2), "presence.set", json!({ "state": "dnd" })).await;
    let shown = link.ephemeral().await;
    assert_eq!(
        told(&shown),
        (vec![1, 2], 2, "dnd"),
        "tabs behind it are not told"
    );
}

#[tokio::test]
async fn a_claim_survives_a_restart() {
    let house = neighbours().await;
    must(&house.user(2), "presence.set", json!({ "state": "dnd" })).await;
    let house = house.restart().await;
    let (mut link, _) = Link::open(&house, "g", None).await;
    link.leases(true, &[(2, 1, Visible)]).await;
    assert_eq!(told(&link.ephemeral().await), (vec![1, 2], 2, "dnd"));
    must(&house.user(2), "presence.set", json!({ "state": "online" })).await;
    assert_eq!(told(&link.ephemeral().await), (vec![1, 2], 2, "online"));
}

#[tokio::test]
async fn a_claim_and_a_status_text_that_end_are_told_to_have_ended() {
    let house = neighbours().await;
    let (mut link, _) = Link::open(&house, "g", None).await;
    link.leases(true, &[(2, 1, Visible)]).await;
    let online = link.ephemeral().await;
    let end = json!(online.event["ts"].as_i64().expect("a time") + 1_500);
    let dnd = json!({ "state": "dnd", "until": end });
    must(&house.user(2), "presence.set", dnd).await;
    assert_eq!(told(&link.ephemeral().await).2, "dnd");
    let status = json!({ "text": "lunch", "expires_at": end });
    must(&house.user(2), "presence.update", status).await;
    assert_eq!(link.ephemeral().await.data()["status_text"], "lunch");
    let ended = link.ephemeral().await;
    assert_eq!(
        (told(&ended).2, &ended.data()["status_text"]),
        ("online", &json!(""))
    );
    assert!(ended.event["ts"].as_i64() >= end.as_i64());
}

#[tokio::test]
async fn a_claim_without_end_or_with_one_that_is_past_is_checked() {
    let house = neighbours().await;
    for (params, path) in [
        (json!({ "state": "dnd", "until": 1 }), "until"),
        (
            json!({ "state": "online", "until": 9_000_000_000_000_i64 }),
            "until",
        ),
        (json!({ "state": "offline" }), "state"),
    ] {
        let refused = call(&house.user(1), "presence.set", params).await;
        assert_eq!(
            refused.expect_err("is wrong").data["errors"][0]["path"],
            path
        );
    }
}

#[tokio::test]
async fn a_marked_connection_is_a_lease_like_any_other() {
    let house = neighbours().await;
    let (mut link, _) = Link::open(&house, "g", None).await;
    let mark = |state| json!({ "gateway": "edge", "user_id": 2, "tab": 7, "state": state });
    let operator = house.operator();
    must(&operator, "presence.mark_connection", mark("visible")).await;
    assert_eq!(told(&link.ephemeral().await), (vec![1, 2], 2, "online"));
    must(&operator, "presence.mark_connection", mark("hidden")).await;
    assert_eq!(told(&link.ephemeral().await), (vec![1, 2], 2, "away"));
}

#[tokio::test]
async fn typing_is_told_once_a_second_in_a_channel_and_not_in_a_crowd() {
    let house = crowd().await;
    let channel = json!({ "workspace_id": 1, "kind": "public", "name": "c" });
    for _ in 0..2 {
        must(&house.user(1), "channel.create", channel.clone()).await;
    }
    must(&house.user(1), "typing.relay", json!({ "channel_id": 1 })).await;
    let again = call(&house.user(1), "typing.relay", json!({ "channel_id": 1 })).await;
    let again = again.expect_err("is too soon");
    assert_eq!(again.code, ErrorCode::RateLimited.code());
    assert!((1..=1000).contains(&again.data["retry_after_ms"].as_i64().unwrap_or_default()));
    must(&house.user(1), "typing.relay", json!({ "channel_id": 2 })).await;
    let folder = house.stop().await;
    let db = Connection::open(folder.path().join("antiphon.db")).expect("opens");
    db.execute_batch(
        "INSERT INTO membership (kind, scope_id, to_pos, user_id, from_pos, role)
         SELECT 2, 1, 9223372036854775807, id, 1, '' FROM user WHERE id BETWEEN 2 AND 200;
         INSERT INTO membership (kind, scope_id, to_pos, user_id, from_pos, role)
         SELECT 2, 2, 9223372036854775807, id, 1, '' FROM user WHERE id BETWEEN 2 AND 201;",
    )
    .expect("inserts");
    drop(db);
    let house = House::in_folder(folder).await;
    must(&house.user(1), "typing.relay", json!({ "channel_id": 1 })).await;
    let refused = call(&house.user(1), "typing.relay", json!({ "channel_id": 2 })).await;
    let refused = refused.expect_err("is a crowd");
    assert_eq!(
        (refused.code, &refused.data["limit"]),
        (ErrorCode::TooLarge.code(), &json!(200))
    );
}
