//! One key, one effect, one answer.

use antiphon_api::ErrorCode;
use serde_json::{Value, json};

use crate::support::{House, call, must};

async fn names(house: &House) -> Vec<String> {
    let snapshot = must(&house.user(1), "state.snapshot", json!({})).await;
    let spaces = snapshot["workspaces"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let name = |space: &Value| space["name"].as_str().unwrap_or_default().to_owned();
    spaces.iter().map(name).collect()
}

fn keyed(name: &str, key: &str) -> Value {
    json!({ "name": name, "idempotency_key": key })
}

#[tokio::test]
async fn the_same_call_twice_has_one_effect_and_one_answer() {
    let house = House::of(2).await;
    let ada = house.user(1);
    let first = must(&ada, "workspace.create", keyed("a", "k")).await;
    let again = json!({ "idempotency_key": "k", "name": "a" });
    assert_eq!(must(&ada, "workspace.create", again).await, first);
    assert_eq!(names(&house).await, ["a"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_in_flight_at_once_one_takes_effect() {
    let house = House::of(2).await;
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let ada = house.user(1);
            tokio::spawn(async move { must(&ada, "workspace.create", keyed("a", "k")).await })
        })
        .collect();
    let mut answers = Vec::new();
    for call in calls {
        answers.push(call.await.expect("answers"));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(names(&house).await, ["a"]);
}

#[tokio::test]
async fn a_key_with_other_parameters_is_a_conflict() {
    let house = House::of(1).await;
    let ada = house.user(1);
    must(&ada, "workspace.create", keyed("a", "k")).await;
    let error = call(&ada, "workspace.create", keyed("b", "k")).await;
    let error = error.expect_err("is refused");
    assert_eq!(error.code, ErrorCode::Conflict.code());
    assert_eq!(error.data["existing"], "idempotency_key");
    assert!(error.message.contains("use a new key"), "{error}");
    assert_eq!(names(&house).await, ["a"]);
}

#[tokio::test]
async fn a_key_belongs_to_its_caller_and_its_method() {
    let house = House::of(2).await;
    let (ada, ben) = (house.user(1), house.user(2));
    let hers = must(&ada, "workspace.create", keyed("a", "k")).await;
    let his = must(&ben, "workspace.create", keyed("a", "k")).await;
    assert_ne!(hers, his);
    must(&ada, "user.create", keyed("a", "k")).await;
    let operators = must(&house.operator(), "user.create", keyed("b", "k")).await;
    assert_eq!(operators["user"]["name"], "b");
}

#[tokio::test]
async fn a_failure_is_not_stored() {
    let house = House::of(2).await;
    let (ada, ben) = (house.user(1), house.user(2));
    must(&ada, "workspace.create", json!({ "name": "w" })).await;
    let channel = json!({ "workspace_id": 1, "kind": "public", "name": "c" });
    must(&ada, "channel.create", channel).await;
    let join = json!({ "channel_id": 1, "idempotency_key": "k" });
    let refused = call(&ben, "channel.join", join.clone()).await;
    assert_eq!(
        refused.expect_err("is refused").code,
        ErrorCode::NotFound.code()
    );
    let membership = json!({ "workspace_id": 1, "user_id": 2 });
    must(&ada, "workspace.add_member", membership).await;
    must(&ben, "channel.join", join).await;
}

#[tokio::test]
async fn a_key_survives_a_restart() {
    let house = House::of(1).await;
    let first = must(&house.user(1), "workspace.create", keyed("a", "k")).await;
    let house = house.restart().await;
    let again = must(&house.user(1), "workspace.create", keyed("a", "k")).await;
    assert_eq!(again, first);
    assert_eq!(names(&house).await, ["a"]);
}

#[tokio::test]
async fn the_key_of_a_message_is_the_nonce_of_its_event() {
    let house = House::of(1).await;
    let ada = house.user(1);
    must(&ada, "workspace.create", json!({ "name": "w" })).await;
    let channel = json!({ "workspace_id": 1, "kind": "private", "name": "c" });
    must(&ada, "channel.create", channel).await;
    let (mut link, _) = crate::support::Link::open(&house, "nonce", None).await;
    let message = json!({ "channel_id": 1, "body": "x", "idempotency_key": "n-1" });
    must(&ada, "message.send", message.clone()).await;
    must(&ada, "message.send", message).await;
    must(
        &ada,
        "message.send",
        json!({ "channel_id": 1, "body": "y" }),
    )
    .await;
    let (one, two) = (link.envelope().await, link.envelope().await);
    assert_eq!(one.data()["nonce"], "n-1");
    assert_eq!(two.data()["message"]["body"], "y");
    assert_eq!(two.data().get("nonce"), None);
}
