//! Who is there: from leases to those who share a workspace, and nobody else.

use antiphon_wire::LeaseState::{Closed, Hidden, Visible};
use serde_json::{Value, json};

use crate::support::{Heard, House, Link, must};

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
