//! Who calls: the operator, a user the operator names, or the bearer of a token.

use antiphon_api::ErrorCode;
use antiphon_token::Subject;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::support::{Answer, House, must, post, raw};

const FAR: i64 = 4_000_000_000_000;

fn body(method: &str, params: Value) -> String {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string()
}

async fn tcp(house: &House, headers: &[(&str, &str)], method: &str, params: Value) -> Answer {
    let stream = TcpStream::connect(house.tcp()).await.expect("connects");
    raw(stream, headers, body(method, params).as_bytes()).await
}

async fn with_token(house: &House, token: &str, method: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    tcp(house, &[("authorization", &bearer)], method, json!({})).await
}

#[tokio::test]
async fn a_user_is_named_by_a_header_on_the_socket() {
    let house = House::of(2).await;
    let me = body("user.me", json!({}));
    let answer = post(&house, &[("antiphon-user", "2")], &me).await;
    assert_eq!(answer.json()["result"]["user"]["id"], 2);
    for (user, word) in [
        ("99", "no user 99"),
        ("0", "a user's id"),
        ("-1", "a user's id"),
        ("two", "a user's id"),
        ("", "a user's id"),
        ("9007199254740992", "a user's id"),
    ] {
        let answer = post(&house, &[("antiphon-user", user)], &me).await;
        assert_eq!(
            (answer.status, answer.code()),
            (401, ErrorCode::Unauthenticated.code()),
            "{user}"
        );
        assert!(answer.message().contains(word), "{answer:?}");
    }
    let answer = post(&house, &[], &me).await;
    assert_eq!(answer.code(), ErrorCode::Unauthenticated.code());
    assert!(answer.message().contains("Antiphon-User"), "{answer:?}");
}

#[tokio::test]
async fn internal_methods_do_not_exist_for_users() {
    let house = House::of(1).await;
    let internal = [
        (
            "events.replay",
            json!({ "user_id": 1, "after": 0, "through": 0, "first": true }),
        ),
        ("session.redeem", json!({ "ticket": "x" })),
        ("user.resolve", json!({ "external_id": "x" })),
        ("probe.ticket", json!({})),
        ("probe.send", json!({ "nonce": "x" })),
    ];
    for (method, params) in internal {
        let call = body(method, params.clone());
        let answer = post(&house, &[("antiphon-user", "1")], &call).await;
        assert_eq!(answer.code(), ErrorCode::MethodNotFound.code(), "{method}");
        let unknown = post(&house, &[("antiphon-user", "1")], body("x.y", params)).await;
        let renamed = unknown.message().replace("x.y", method);
        assert_eq!(answer.message(), renamed);
        let answer = post(&house, &[], &call).await;
        assert_ne!(
            answer.json()["error"]["code"],
            ErrorCode::MethodNotFound.code(),
            "{method}"
        );
    }
}

#[tokio::test]
async fn over_tcp_a_token_decides_and_the_header_is_not_looked_at() {
    let house = House::of(2).await;
    let token = format!("Bearer {}", house.token(2, "j", FAR));
    let headers = [("authorization", token.as_str()), ("antiphon-user", "1")];
    let answer = tcp(&house, &headers, "user.me", json!({})).await;
    assert_eq!(answer.json()["result"]["user"]["id"], 2);
    let answer = tcp(
        &house,
        &headers[..1],
        "session.redeem",
        json!({ "ticket": "x" }),
    )
    .await;
    assert_eq!(answer.code(), ErrorCode::MethodNotFound.code());
    let answer = tcp(&house, &headers[1..], "user.me", json!({})).await;
    assert_eq!(
        (answer.status, answer.code()),
        (401, ErrorCode::Unauthenticated.code())
    );
    assert!(
        answer.message().contains("Authorization: Bearer"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn over_tcp_an_external_id_is_resolved_or_refused() {
    let external = |house: &House| {
        let subject = Subject::External("crm-81".to_owned());
        house.token_of(subject, "j", FAR)
    };
    let house = House::of(1).await;
    let answer = with_token(&house, &external(&house), "user.me").await;
    assert_eq!(
        (answer.status, answer.code()),
        (401, ErrorCode::Unauthenticated.code()),
        "{answer:?}"
    );
    let folder = tempfile::tempdir().expect("a temporary folder");
    let house = House::configured(folder, |config| config.provision_unknown = true).await;
    let token = external(&house);
    for _ in 0..2 {
        let answer = with_token(&house, &token, "user.me").await;
        assert_eq!(answer.json()["result"]["user"]["id"], 1, "{answer:?}");
    }
}

#[tokio::test]
async fn a_token_that_has_ended_or_is_not_ours_is_refused() {
    let (house, other) = (House::of(1).await, House::of(1).await);
    for (token, word) in [
        (house.token(1, "j", 1_001_000), "expired"),
        (other.token(1, "j", FAR), "not a valid token"),
        ("dev:1".to_owned(), "not a valid token"),
        ("rubbish".to_owned(), "not a valid token"),
        (house.token(99, "j", FAR), "no user 99"),
    ] {
        let answer = with_token(&house, &token, "user.me").await;
        assert_eq!(
            (answer.status, answer.code()),
            (401, ErrorCode::Unauthenticated.code()),
            "{answer:?}"
        );
        assert!(answer.message().contains(word), "{answer:?}");
    }
}

#[tokio::test]
async fn a_revoked_token_is_refused_over_tcp() {
    let house = House::of(2).await;
    let (lost, kept, his) = (
        house.token(1, "lost", FAR),
        house.token(1, "kept", FAR),
        house.token(2, "lost", FAR),
    );
    let operator = house.operator();
    let lost_one = json!({ "user_id": 1, "jti": "lost" });
    must(&operator, "token.revoke", lost_one).await;
    for (token, status) in [(&lost, 401), (&kept, 200), (&his, 200)] {
        assert_eq!(with_token(&house, token, "user.me").await.status, status);
    }
    let answer = with_token(&house, &lost, "workspace.create").await;
    assert_eq!(answer.status, 200, "its parameters are wrong first");
    must(&operator, "token.revoke", json!({ "user_id": 1 })).await;
    let answer = with_token(&house, &kept, "user.me").await;
    assert_eq!(
        (answer.status, answer.code()),
        (401, ErrorCode::Unauthenticated.code())
    );
    assert!(answer.message().contains("revoked"), "{answer:?}");
    assert_eq!(with_token(&house, &his, "user.me").await.status, 200);
    must(&house.user(1), "user.me", json!({})).await;
}

#[tokio::test]
async fn a_ticket_is_worth_its_token_and_is_spent_once() {
    let house = House::of(1).await;
    let token = house.token(1, "j", FAR);
    let ticket = with_token(&house, &token, "session.ticket").await;
    let ticket = ticket.json()["result"]["ticket"].clone();
    let operator = house.operator();
    let redeemed = must(&operator, "session.redeem", json!({ "ticket": ticket })).await;
    assert_eq!(
        redeemed,
        json!({ "user_id": 1, "token_expires_at": FAR, "jti": "j", "issued_at": 1_000_000 })
    );
    let again = crate::support::call(&operator, "session.redeem", json!({ "ticket": ticket }));
    let error = again.await.expect_err("is spent");
    assert_eq!(error.code, ErrorCode::NotFound.code());
}
