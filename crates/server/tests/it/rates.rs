//! How often somebody may call.

use std::num::NonZeroU32;

use antiphon_api::Class;
use antiphon_server::Rate;
use serde_json::{Value, json};

use crate::support::{House, must, post};

/// Two users, who may make three calls of each class at once and the next an hour later or so.
async fn strict() -> House {
    let folder = House::of(2).await.stop().await;
    House::configured(folder, |config| {
        let number = |number| NonZeroU32::new(number).expect("is above zero");
        for class in Class::ALL {
            config.limits.set(class, Rate::new(number(1), number(3)));
        }
    })
    .await
}

fn batch(methods: &[(&str, Value)]) -> String {
    let calls = methods.iter().zip(0..).map(|((method, params), id)| {
        json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
    });
    calls.collect::<Value>().to_string()
}

/// The codes of a batch's answers; 0 for a result.
async fn codes(house: &House, user: &str, body: String) -> Vec<i64> {
    let answer = post(house, &[("antiphon-user", user)], body).await;
    let answers = answer.json();
    let answers = answers.as_array().expect("a batch");
    let code = |answer: &Value| answer["error"]["code"].as_i64().unwrap_or_default();
    answers.iter().map(code).collect()
}

#[tokio::test]
async fn the_calls_of_a_batch_count_one_by_one_and_classes_apart() {
    let house = strict().await;
    let read = || ("user.me", json!({}));
    let write = || ("workspace.create", json!({ "name": "w" }));
    let calls = [
        read(),
        write(),
        read(),
        read(),
        write(),
        read(),
        write(),
        write(),
    ];
    let counted = codes(&house, "1", batch(&calls)).await;
    assert_eq!(counted, [0, 0, 0, 0, 0, -32010, 0, -32010]);
    let made: i64 = house
        .database()
        .query_row("SELECT count(*) FROM workspace", [], |row| row.get(0))
        .expect("counts");
    assert_eq!(made, 3, "what is refused is not carried out");
    assert_eq!(codes(&house, "2", batch(&[read(), write()])).await, [0, 0]);
}

#[tokio::test]
async fn what_is_wrong_or_unknown_counts_too_and_a_notification_as_well() {
    let house = strict().await;
    let wrong = [
        ("no.such", json!({})),
        ("user.get", json!({})),
        ("rpc.discover", json!({})),
        ("user.me", json!({})),
    ];
    assert_eq!(
        codes(&house, "1", batch(&wrong)).await,
        [-32601, -32602, 0, -32010]
    );
    let silent = json!({ "jsonrpc": "2.0", "method": "user.me" });
    for _ in 0..3 {
        let answer = post(&house, &[("antiphon-user", "2")], silent.to_string()).await;
        assert_eq!(answer.status, 204);
    }
    assert_eq!(codes(&house, "2", batch(&wrong[3..])).await, [-32010]);
}

#[tokio::test]
async fn a_single_call_too_many_is_429_and_says_when_to_come_back() {
    let house = strict().await;
    let me = json!({ "jsonrpc": "2.0", "id": 1, "method": "user.me" }).to_string();
    let headers = [("antiphon-user", "1")];
    for _ in 0..3 {
        assert_eq!(post(&house, &headers, &me).await.status, 200);
    }
    let refused = post(&house, &headers, &me).await;
    assert_eq!((refused.status, refused.code()), (429, -32010));
    assert_eq!(refused.header("retry-after"), Some("1"));
    let wait = refused.json()["error"]["data"]["retry_after_ms"].clone();
    assert!(
        (1..=1_000).contains(&wait.as_i64().expect("a time")),
        "{wait}"
    );
}

#[tokio::test]
async fn the_operator_has_no_limit() {
    let house = strict().await;
    for _ in 0..20 {
        must(&house.operator(), "server.health", json!({})).await;
    }
    for number in 0..20 {
        let name = format!("n{number}");
        must(&house.operator(), "user.create", json!({ "name": name })).await;
    }
}
