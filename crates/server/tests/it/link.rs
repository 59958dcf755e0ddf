//! What a gateway and the server say to each other on events.sock.

use antiphon_api::ids::{Pos, Principal, UserId};
use antiphon_wire::{FromGateway, FromServer, MAX_MESSAGE_BYTES};
use serde_json::json;
use tokio::io::AsyncWriteExt;

use crate::support::{House, Link, must, post, soon};

async fn with_channel() -> House {
    let house = House::of(1).await;
    let ada = house.user(1);
    must(&ada, "workspace.create", json!({ "name": "w" })).await;
    let channel = json!({ "workspace_id": 1, "kind": "public", "name": "c" });
    must(&ada, "channel.create", channel).await;
    house
}

async fn head(house: &House) -> Pos {
    let health = must(&house.operator(), "server.health", json!({})).await;
    Pos(health["head"].as_i64().expect("a position"))
}

async fn send(house: &House, body: &str) {
    let params = json!({ "channel_id": 1, "body": body });
    must(&house.user(1), "message.send", params).await;
}

fn log(house: &House, after: Pos) -> Vec<Pos> {
    let db = house.database();
    let mut rows = db
        .prepare("SELECT pos FROM log WHERE pos > ?1 ORDER BY pos")
        .expect("is SQL");
    let rows = rows.query_map([after.get()], |row| row.get(0).map(Pos));
    rows.expect("reads")
        .collect::<Result<_, _>>()
        .expect("reads")
}

#[tokio::test]
async fn a_known_position_is_honoured_and_an_unknown_one_reset() {
    let house = with_channel().await;
    let known = head(&house).await;
    send(&house, "one").await;
    let newest = head(&house).await;
    for (after, reset, first) in [
        (Some(known), false, "one"),
        (Some(newest), false, "two"),
        (Some(Pos(newest.get() + 1)), true, "two"),
        (Some(Pos(0)), true, "two"),
        (None, false, "two"),
    ] {
        let (mut link, greeting) = Link::open(&house, "g", after).await;
        assert_eq!(
            (greeting.head, greeting.reset),
            (newest, reset),
            "{after:?}"
        );
        assert!(greeting.oldest <= known);
        if first == "one" {
            let heard = link.envelope().await;
            assert_eq!(heard.data()["message"]["body"], "one");
        } else {
            let mark = json!({ "text": format!("{after:?}") });
            must(&house.user(1), "presence.set_status_text", mark).await;
            assert_eq!(link.envelope().await.kind(), "presence.changed");
        }
    }
}

#[tokio::test]
async fn revocations_in_force_come_before_envelopes_and_new_ones_at_once() {
    let house = with_channel().await;
    let operator = house.operator();
    for jti in ["a", "b"] {
        let params = json!({ "user_id": 1, "jti": jti });
        must(&operator, "token.revoke", params).await;
    }
    let start = head(&house).await;
    send(&house, "x").await;
    let (mut link, _) = Link::open(&house, "g", Some(start)).await;
    for jti in ["a", "b"] {
        let FromServer::Revoke(revocation) = link.word().await else {
            panic!("an envelope came first");
        };
        assert_eq!(revocation.jti.as_deref(), Some(jti));
        assert_eq!(revocation.principal, Principal::User(UserId(1)));
    }
    assert_eq!(link.envelope().await.kind(), "message.created");
    must(&operator, "token.revoke", json!({ "user_id": 1 })).await;
    assert_eq!(link.revocation().await.jti, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_is_told_even_if_its_caller_hangs_up() {
    let house = House::of(1).await;
    let (mut link, _) = Link::open(&house, "g", None).await;
    for number in 0..60 {
        let params = json!({ "user_id": 1, "jti": format!("j{number}") });
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "token.revoke", "params": params });
        let (body, path) = (call.to_string(), house.socket("rpc.sock"));
        let mut stream = tokio::net::UnixStream::connect(path)
            .await
            .expect("connects");
        let head = format!(
            "POST /rpc HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream
            .write_all((head + &body).as_bytes())
            .await
            .expect("writes");
        for _ in 0..number % 12 {
            tokio::task::yield_now().await;
        }
    }
    must(&house.operator(), "token.revoke", json!({ "user_id": 1 })).await;
    let stored: i64 = house
        .database()
        .query_row("SELECT count(*) FROM revocation", [], |row| row.get(0))
        .expect("counts");
    for _ in 0..stored {
        link.revocation().await;
    }
}

#[tokio::test]
async fn a_heartbeat_ends_the_revocations_in_force() {
    let house = House::of(1).await;
    must(&house.operator(), "token.revoke", json!({ "user_id": 1 })).await;
    let (mut link, _) = Link::open(&house, "g", None).await;
    assert!(matches!(link.next().await, Some(FromServer::Revoke(_))));
    assert!(matches!(
        link.next().await,
        Some(FromServer::Heartbeat { .. })
    ));
}

#[tokio::test]
async fn a_heartbeat_tells_the_head() {
    let house = with_channel().await;
    let (mut link, greeting) = Link::open(&house, "g", None).await;
    for _ in 0..2 {
        let Some(FromServer::Heartbeat { head }) = link.next().await else {
            panic!("not a heartbeat");
        };
        assert_eq!(head, greeting.head);
    }
}

#[tokio::test]
async fn what_is_not_of_the_protocol_ends_the_link() {
    let house = House::of(1).await;
    let framed = |text: &str| {
        let length = u32::try_from(text.len()).expect("fits");
        [&length.to_be_bytes(), text.as_bytes()].concat()
    };
    let too_long = u32::try_from(MAX_MESSAGE_BYTES + 1)
        .expect("fits")
        .to_be_bytes();
    let hello = r#"{"type":"hello","v":2,"gateway":"g","boot":"b","after":null}"#;
    let leases = r#"{"type":"leases","full":true,"changes":[]}"#;
    for bytes in [
        framed("{"),
        framed(hello),
        framed(leases),
        framed(""),
        too_long.to_vec(),
    ] {
        let mut link = Link::silent(&house).await;
        link.write(&bytes).await;
        assert!(link.ended().await, "{bytes:?}");
        let (mut link, _) = Link::open(&house, "g", None).await;
        link.write(&bytes).await;
        if bytes != framed(leases) {
            assert!(link.ended().await, "after the hello: {bytes:?}");
        }
    }
    let (mut link, _) = Link::open(&house, "g", None).await;
    let again = FromGateway::Hello {
        v: 1,
        gateway: "g".to_owned(),
        boot: "b".to_owned(),
        after: None,
    };
    link.say(&again).await;
    assert!(link.ended().await, "a second hello");
}

/// The server keeps the last 4,096 envelopes in memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_falls_behind_gets_everything_from_the_log_in_order() {
    let house = with_channel().await;
    let (mut slow, greeting) = Link::open(&house, "slow", None).await;
    let params = json!({ "channel_id": 1, "body": "x".repeat(100) });
    let call = json!({ "jsonrpc": "2.0", "method": "message.send", "params": params });
    let batch = json!(vec![call; 100]).to_string();
    soon("the burst", async {
        for _ in 0..11 {
            let one = || post(&house, &[("antiphon-user", "1")], &batch);
            tokio::join!(one(), one(), one(), one());
        }
    })
    .await;
    let sent = log(&house, greeting.head);
    assert_eq!(sent.len(), 4_400);
    let last = sent[sent.len() - 1];
    let (mut late, _) = Link::open(&house, "late", Some(greeting.head)).await;
    for link in [&mut slow, &mut late] {
        let heard = link.until(last).await;
        let positions: Vec<Pos> = heard.iter().filter_map(|heard| heard.pos).collect();
        assert!(
            positions == sent,
            "{} of {} events",
            positions.len(),
            sent.len()
        );
        assert!(heard.iter().all(|heard| heard.to == [1]));
    }
}
