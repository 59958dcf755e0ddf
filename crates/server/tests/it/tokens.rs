//! Tokens that the server issues, lists and ends.

use antiphon_api::ErrorCode;
use antiphon_wire::FromServer;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::support::{House, Link, call, must, raw};

const HOUR_MS: i64 = 3_600_000;

/// Whether a token is good for a call over TCP.
async fn is_good(house: &House, token: &str) -> bool {
    let stream = TcpStream::connect(house.tcp()).await.expect("connects");
    let bearer = format!("Bearer {token}");
    let me = json!({ "jsonrpc": "2.0", "id": 1, "method": "user.me" }).to_string();
    raw(stream, &[("authorization", &bearer)], me.as_bytes())
        .await
        .status
        == 200
}

async fn issue(house: &House, user: i64) -> (String, String) {
    let params = json!({ "user_id": user, "ttl_ms": HOUR_MS });
    let issued = must(&house.operator(), "token.issue", params).await;
    let text = |field: &str| issued[field].as_str().expect("text").to_owned();
    (text("token"), text("jti"))
}

async fn code(house: &House, caller: i64, method: &str, params: Value) -> i32 {
    let rpc = match caller {
        0 => house.operator(),
        user => house.user(user),
    };
    call(&rpc, method, params)
        .await
        .expect_err("is refused")
        .code
}

#[tokio::test]
async fn an_issued_token_is_good_is_listed_and_its_user_hears_of_it() {
    let house = House::of(2).await;
    let (mut link, _) = Link::open(&house, "g", None).await;
    let params = json!({ "user_id": 2, "ttl_ms": HOUR_MS, "scope": "read" });
    let issued = must(&house.user(1), "token.issue", params).await;
    let token = issued["token"].as_str().expect("text");
    assert!(is_good(&house, token).await);
    let heard = link.envelope().await;
    assert_eq!((heard.kind(), &*heard.to), ("token.issued", &[2][..]));
    assert!(
        !heard.event.to_string().contains(token),
        "the secret is not told"
    );
    let listed = must(&house.user(2), "token.list", json!({})).await;
    assert_eq!(listed["tokens"], json!([heard.data()["token"]]));
    let entry = &listed["tokens"][0];
    assert_eq!(
        (&entry["jti"], &entry["scope"]),
        (&issued["jti"], &json!("read"))
    );
    assert_eq!(entry["expires_at"], issued["expires_at"]);
    assert_eq!(entry["revoked_at"], Value::Null);
    let others = must(&house.user(1), "token.list", json!({ "user_id": 2 })).await;
    assert_eq!(others, listed);
}

#[tokio::test]
async fn an_external_id_has_a_token_issued_too() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let house = House::configured(folder, |config| config.provision_unknown = true).await;
    let params = json!({ "external_id": "crm-81", "ttl_ms": HOUR_MS });
    let issued = must(&house.operator(), "token.issue", params).await;
    assert!(is_good(&house, issued["token"].as_str().expect("text")).await);
}

#[tokio::test]
async fn a_revoked_token_is_refused_and_the_gateways_are_told() {
    let house = House::of(2).await;
    let ((one, jti), (other, _)) = (issue(&house, 2).await, issue(&house, 2).await);
    let (mut link, _) = Link::open(&house, "g", None).await;
    must(&house.user(2), "token.revoke", json!({ "jti": jti })).await;
    assert!(!is_good(&house, &one).await);
    assert!(is_good(&house, &other).await);
    let (mut told, mut heard) = (false, false);
    while !(told && heard) {
        let word = link.word().await;
        if let FromServer::Revoke(revocation) = &word {
            told = revocation.jti.as_deref() == Some(&*jti);
        }
        heard |= matches!(word, FromServer::Envelope(_));
    }
    let head = must(&house.operator(), "server.health", json!({})).await;
    must(&house.user(2), "token.revoke", json!({ "jti": jti })).await;
    let after = must(&house.operator(), "server.health", json!({})).await;
    assert_eq!(head, after, "a second time changes nothing");
    let listed = must(&house.user(2), "token.list", json!({})).await;
    let revoked = listed["tokens"].as_array().expect("a list").iter();
    let revoked = revoked.filter(|token| token["revoked_at"].is_i64());
    assert_eq!(revoked.count(), 1);
}

#[tokio::test]
async fn all_tokens_of_a_user_end_at_once_and_those_that_come_later_are_good() {
    let house = House::of(2).await;
    let (one, _) = issue(&house, 2).await;
    let elsewhere = house.token(2, "elsewhere", 4_000_000_000_000);
    for _ in 0..3 {
        must(&house.user(2), "token.revoke", json!({ "user_id": 2 })).await;
        assert!(!is_good(&house, &one).await);
        assert!(!is_good(&house, &elsewhere).await);
        let (later, _) = issue(&house, 2).await;
        assert!(is_good(&house, &later).await, "issued in the same second");
    }
    let kept: i64 = house
        .database()
        .query_row("SELECT count(*) FROM revocation", [], |row| row.get(0))
        .expect("counts");
    assert_eq!(kept, 1, "the last one says it all");
}

#[tokio::test]
async fn a_token_issued_elsewhere_is_ended_by_its_bearer_or_by_an_administrator() {
    let house = House::of(2).await;
    let far = 4_000_000_000_000;
    let (own, other) = (house.token(2, "own", far), house.token(2, "other", far));
    let stream = TcpStream::connect(house.tcp()).await.expect("connects");
    let bearer = format!("Bearer {own}");
    let call = json!({
        "jsonrpc": "2.0", "id": 1, "method": "token.revoke", "params": { "jti": "own" },
    });
    let body = call.to_string();
    let headers = [("authorization", &*bearer)];
    let answer = raw(stream, &headers, body.as_bytes()).await;
    assert_eq!(answer.status, 200);
    assert!(!is_good(&house, &own).await);
    let foreign = json!({ "jti": "other" });
    assert_eq!(
        code(&house, 2, "token.revoke", foreign.clone()).await,
        ErrorCode::NotFound.code()
    );
    assert_eq!(
        code(&house, 1, "token.revoke", foreign).await,
        ErrorCode::NotFound.code()
    );
    let named = json!({ "jti": "other", "user_id": 2 });
    assert_eq!(
        code(&house, 2, "token.revoke", named.clone()).await,
        ErrorCode::NotFound.code()
    );
    assert!(is_good(&house, &other).await);
    must(&house.user(1), "token.revoke", named).await;
    assert!(!is_good(&house, &other).await);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_a_reason() {
    let house = House::of(2).await;
    for params in [
        json!({ "ttl_ms": HOUR_MS }),
        json!({ "user_id": 1, "external_id": "x", "ttl_ms": HOUR_MS }),
        json!({ "user_id": 1, "ttl_ms": 999 }),
        json!({ "user_id": 1, "ttl_ms": i64::MAX }),
        json!({ "user_id": 1, "ttl_ms": HOUR_MS, "scope": "x".repeat(251) }),
        json!({ "user_id": 1, "ttl_ms": HOUR_MS, "kind": "robot" }),
    ] {
        assert_eq!(
            code(&house, 0, "token.issue", params.clone()).await,
            ErrorCode::InvalidParams.code(),
            "{params}"
        );
    }
    assert_eq!(
        code(&house, 0, "token.revoke", json!({})).await,
        ErrorCode::InvalidParams.code()
    );
    let unnamed = json!({ "user_id": 1, "jti": "" });
    assert_eq!(
        code(&house, 0, "token.revoke", unnamed).await,
        ErrorCode::InvalidParams.code()
    );
    let folder = house.stop().await;
    let house = House::configured(folder, |config| config.signer = None).await;
    let params = json!({ "user_id": 1, "ttl_ms": HOUR_MS });
    let error = call(&house.operator(), "token.issue", params).await;
    let error = error.expect_err("has no key");
    assert_eq!(error.code, ErrorCode::Conflict.code());
    assert!(error.message.contains("tokens.signing_key"), "{error}");
}
