//! JSON-RPC over HTTP: what goes in, and what comes back.

use serde_json::{Value, json};

use crate::support::{House, call, must, post};

const AS_ADA: (&str, &str) = ("antiphon-user", "1");

async fn single(house: &House, body: Value) -> crate::support::Answer {
    post(house, &[AS_ADA], body.to_string()).await
}

fn request(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
}

/// Ada (1) owns workspace 1 with channel 1; ben (2) is in both; cleo (3) in neither.
async fn furnished() -> House {
    let house = House::of(3).await;
    let ada = house.user(1);
    must(&ada, "workspace.create", json!({ "name": "w" })).await;
    let ben = json!({ "workspace_id": 1, "user_id": 2 });
    must(&ada, "workspace.add_member", ben).await;
    let channel = json!({ "workspace_id": 1, "kind": "public", "name": "c" });
    must(&ada, "channel.create", channel).await;
    must(&house.user(2), "channel.join", json!({ "channel_id": 1 })).await;
    house
}

#[tokio::test]
async fn what_is_not_a_call_is_refused_with_json_rpcs_own_codes() {
    let house = House::of(1).await;
    for (body, code, word) in [
        ("{", -32700, "JSON"),
        ("", -32700, "JSON"),
        ("[{", -32700, "JSON"),
        ("\u{1}", -32700, "JSON"),
        ("7", -32600, "JSON-RPC"),
        ("{}", -32600, "missing field"),
        ("[]", -32600, "1 to 100"),
        (
            r#"{"jsonrpc":"1.0","id":1,"method":"user.me"}"#,
            -32600,
            "2.0",
        ),
        (r#"{"id":1,"method":"user.me"}"#, -32600, "jsonrpc"),
        (
            r#"{"jsonrpc":"2.0","id":{},"method":"user.me"}"#,
            -32600,
            "id must be",
        ),
        (
            r#"{"jsonrpc":"2.0","id":true,"method":"user.me"}"#,
            -32600,
            "id must be",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"user.nap"}"#,
            -32601,
            "rpc.discover",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"user.me","params":[1]}"#,
            -32602,
            "by name",
        ),
    ] {
        let answer = post(&house, &[AS_ADA], body).await;
        assert_eq!((answer.code(), answer.status), (code, 200), "{body}");
        assert!(
            answer.message().contains(word),
            "{body}: {}",
            answer.message()
        );
        let id = if code <= -32601 && code > -32700 {
            json!(1)
        } else {
            Value::Null
        };
        assert_eq!(answer.json()["id"], id, "{body}");
    }
}

/// Each wrong call, the parameter its error names, and a word of what it says.
async fn name_the_parameter(cases: &[(&str, &str, &str, &str)]) {
    let house = furnished().await;
    for (method, params, path, word) in cases {
        let params = serde_json::from_str(params).expect("is JSON");
        let answer = single(&house, request(method, params)).await;
        let error = &answer.json()["error"];
        assert_eq!((answer.code(), answer.status), (-32602, 200), "{answer:?}");
        assert_eq!(error["data"]["errors"][0]["path"], *path, "{answer:?}");
        assert!(answer.message().contains(word), "{answer:?}");
        assert!(answer.message().contains(path), "{answer:?}");
    }
}

#[tokio::test]
async fn a_parameter_of_the_wrong_shape_is_named_by_its_path() {
    let dm = r#"{"workspace_id":1,"kind":"dm","peer_ids":[2,"3"]}"#;
    let open = r#"{"workspace_id":1,"kind":"open","name":"x"}"#;
    let extra = r#"{"channel_id":1,"body":"x","to":2}"#;
    let text = r#"{"channel_id":"1","body":"x"}"#;
    let zero = r#"{"channel_id":0,"body":"x"}"#;
    let key = r#"{"name":"w","idempotency_key":""}"#;
    name_the_parameter(&[
        ("message.send", text, "channel_id", "expected an integer"),
        ("message.send", zero, "channel_id", "from 1"),
        (
            "message.send",
            r#"{"channel_id":1}"#,
            ".",
            "missing field `body`",
        ),
        ("message.send", extra, "to", "unknown field `to`"),
        ("user.me", r#"{"user_id":1}"#, "user_id", "unknown field"),
        ("channel.create", dm, "peer_ids[1]", "expected an integer"),
        ("channel.create", open, "kind", "unknown variant"),
        ("workspace.create", key, "idempotency_key", "1 to 64"),
    ])
    .await;
}

#[tokio::test]
async fn a_parameter_that_breaks_a_rule_is_named_by_its_path() {
    let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(81));
    let alone = r#"{"workspace_id":1,"kind":"dm","peer_ids":[1]}"#;
    let nameless = r#"{"workspace_id":1,"kind":"public"}"#;
    let owner = r#"{"workspace_id":1,"user_id":3,"role":"owner"}"#;
    let past = r#"{"text":"","expires_at":1}"#;
    name_the_parameter(&[
        (
            "message.send",
            r#"{"channel_id":1,"body":" "}"#,
            "body",
            "some text",
        ),
        (
            "message.list",
            r#"{"channel_id":1,"limit":201}"#,
            "limit",
            "1 to 200",
        ),
        ("channel.create", alone, "peer_ids", "1 to 9"),
        ("channel.create", nameless, "name", "missing"),
        ("workspace.create", &long, "name", "1 to 80"),
        ("workspace.add_member", owner, "role", "one owner"),
        ("presence.set_status_text", past, "expires_at", "to come"),
        ("user.create", r#"{"name":"a b"}"#, "name", "letters"),
    ])
    .await;
}

#[tokio::test]
async fn a_batch_is_carried_out_and_answered_in_order_without_its_notifications() {
    let house = furnished().await;
    let send = |id: Option<Value>, body: &str| {
        let params = json!({ "channel_id": 1, "body": body });
        let mut call = json!({ "jsonrpc": "2.0", "method": "message.send", "params": params });
        if let Some(id) = id {
            call["id"] = id;
        }
        call
    };
    let batch = json!([
        send(Some(json!("a")), "one"),
        send(None, "two"),
        send(Some(Value::Null), "three"),
        3,
        { "jsonrpc": "2.0", "id": 9.5, "method": "nothing" },
        { "jsonrpc": "2.0", "method": "nothing" },
        { "jsonrpc": "2.0", "id": -4, "method": "message.list", "params": { "channel_id": 1 } },
    ]);
    let answer = single(&house, batch).await;
    assert_eq!(answer.status, 200);
    let answers = answer.json();
    let ids: Vec<&Value> = answers
        .as_array()
        .expect("a batch")
        .iter()
        .map(|one| &one["id"])
        .collect();
    assert_eq!(json!(ids), json!(["a", null, null, 9.5, -4]));
    assert_eq!(answers[1]["result"]["message"]["body"], "three");
    assert_eq!(answers[2]["error"]["code"], -32600);
    assert_eq!(answers[3]["error"]["code"], -32601);
    let listed = answers[4]["result"]["messages"]
        .as_array()
        .expect("messages");
    let bodies: Vec<&Value> = listed.iter().map(|message| &message["body"]).collect();
    assert_eq!(json!(bodies), json!(["one", "two", "three"]));
}

#[tokio::test]
async fn a_batch_holds_at_most_a_hundred_calls() {
    let house = furnished().await;
    let calls = |count: usize| json!(vec![request("user.me", json!({})); count]);
    let answer = single(&house, calls(100)).await;
    assert_eq!(answer.json().as_array().map(Vec::len), Some(100));
    let answer = single(&house, calls(101)).await;
    assert_eq!(answer.code(), -32600);
    assert!(answer.message().contains("this one 101"), "{answer:?}");
}

#[tokio::test]
async fn a_batch_whose_answers_grow_too_large_is_not_carried_out_to_its_end() {
    let house = furnished().await;
    // Each of its bytes is six in an answer.
    let body = "\u{1}".repeat(32 << 10);
    for _ in 0..32 {
        let params = json!({ "channel_id": 1, "body": body });
        must(&house.user(1), "message.send", params).await;
    }
    let list = request("message.list", json!({ "channel_id": 1, "limit": 200 }));
    let send = |id: Option<i64>| {
        let mut call = request("message.send", json!({ "channel_id": 1, "body": "late" }));
        call["id"] = json!(id);
        if id.is_none() {
            call.as_object_mut().expect("a call").remove("id");
        }
        call
    };
    let batch = json!([list, list, send(Some(7)), send(None), 3]);
    let answer = single(&house, batch).await;
    assert!(answer.body.len() < 16 << 20, "{} bytes", answer.body.len());
    let answers = answer.json();
    assert_eq!(answers.as_array().map(Vec::len), Some(4));
    assert!(answers[1]["result"].is_object());
    assert_eq!(answers[2]["id"], 7);
    let error = &answers[2]["error"];
    assert_eq!(
        (&error["code"], &error["data"]["limit"]),
        (&json!(-32013), &json!(8 << 20))
    );
    assert!(error["message"].to_string().contains("fewer at once"));
    assert_eq!(answers[3]["error"]["code"], -32600);
    let newest = json!({ "channel_id": 1, "limit": 1 });
    let newest = must(&house.user(1), "message.list", newest).await;
    assert_eq!(newest["messages"][0]["id"], 32, "nothing was sent late");
}

#[tokio::test]
async fn a_notification_takes_effect_and_is_answered_by_204_alone() {
    let house = furnished().await;
    let params = json!({ "channel_id": 1, "body": "psst" });
    let call = json!({ "jsonrpc": "2.0", "method": "message.send", "params": params });
    for body in [call.clone(), json!([call.clone(), call])] {
        let answer = single(&house, body).await;
        assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    }
    let failing = json!({ "jsonrpc": "2.0", "method": "no.such" });
    assert_eq!(single(&house, failing).await.status, 204);
    let listed = must(&house.user(1), "message.list", json!({ "channel_id": 1 })).await;
    assert_eq!(listed["messages"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn a_single_failed_call_sets_the_status_of_its_code() {
    let house = furnished().await;
    let by = |user: &'static str, method: &str, params: Value| {
        (user, request(method, params).to_string())
    };
    let one = json!({ "channel_id": 1 });
    for ((user, body), code, status) in [
        (by("1", "user.me", json!({})), None, 200),
        (by("99", "user.me", json!({})), Some(-32001), 401),
        (
            by("2", "user.create", json!({ "name": "x" })),
            Some(-32003),
            403,
        ),
        (by("3", "channel.join", one), Some(-32004), 404),
        (
            by("1", "user.create", json!({ "name": "u2" })),
            Some(-32009),
            409,
        ),
        (
            by(
                "1",
                "message.send",
                json!({ "channel_id": 1, "body": "x".repeat(32_769) }),
            ),
            Some(-32013),
            413,
        ),
    ] {
        let answer = post(&house, &[("antiphon-user", user)], &body).await;
        assert_eq!(answer.status, status, "{body}");
        assert_eq!(answer.json()["error"]["code"].as_i64(), code, "{body}");
    }
}

#[tokio::test]
async fn every_answer_carries_a_request_id_the_callers_own_if_it_is_a_sensible_one() {
    let house = House::of(1).await;
    let body = request("no.such", json!({})).to_string();
    for (sent, kept) in [
        ("abc-123", true),
        ("no spaces", false),
        (&"x".repeat(65), false),
    ] {
        let answer = post(&house, &[AS_ADA, ("antiphon-request-id", sent)], &body).await;
        let id = answer
            .header("antiphon-request-id")
            .unwrap_or_default()
            .to_owned();
        assert_eq!(id == sent, kept);
        assert!(!id.is_empty());
        assert_eq!(answer.json()["error"]["data"]["request_id"], id);
    }
    for body in ["{", "[]", "[1]"] {
        let answer = post(&house, &[AS_ADA, ("antiphon-request-id", "r")], body).await;
        let answer = answer.json();
        let error = answer.get(0).unwrap_or(&answer);
        assert_eq!(error["error"]["data"]["request_id"], "r", "{body}");
    }
}

#[tokio::test]
async fn a_request_over_a_mebibyte_is_too_large() {
    let house = furnished().await;
    for length in [(1 << 20) + 1, 3 << 20] {
        let answer = single(&house, json!("x".repeat(length))).await;
        assert_eq!((answer.status, answer.code()), (413, -32013), "{length}");
        assert_eq!(answer.json()["error"]["data"]["limit"], 1 << 20);
    }
}

#[tokio::test]
async fn only_a_post_to_rpc_is_a_call() {
    let house = House::of(1).await;
    let stream = || tokio::net::UnixStream::connect(house.socket("rpc.sock"));
    for (line, status) in [("GET /rpc", "405"), ("POST /other", "404")] {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = stream().await.expect("connects");
        let head = format!("{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.expect("writes");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("reads");
        assert_eq!(answer.split(' ').nth(1), Some(status), "{answer}");
    }
}

#[tokio::test]
async fn the_document_it_serves_is_the_committed_one() {
    let house = House::of(1).await;
    let served = call(&house.user(1), "rpc.discover", json!({})).await;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openrpc.json");
    let committed = std::fs::read(path).expect("openrpc.json");
    let committed: Value = serde_json::from_slice(&committed).expect("is JSON");
    assert_eq!(
        served.expect("answers"),
        committed,
        "run: cargo xtask openrpc"
    );
}
