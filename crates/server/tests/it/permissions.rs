//! Who may call what: a row for each call, a letter for each caller.
//!
//! `+` done, `u` unauthenticated, `f` forbidden, `n` not found, `c` conflict, `m` no such method.
//! The callers: the operator, the owner, an admin, a member, a bystander (in the workspace, in no
//! channel) and an outsider.

use std::path::PathBuf;

use antiphon_api::{ErrorCode, methods::METHODS};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{House, call, must};

const OWNER: i64 = 2;
const BYSTANDER: i64 = 5;
/// The operator, then the users in the order of the letters.
const CALLERS: [i64; 6] = [0, OWNER, 3, 4, BYSTANDER, 6];

/// Workspace 1 of all but 1 and 6. Channel 1: public, of all in it but the bystander. Channels 2,
/// private, and 3, a dm: of the member (4) and the target (7). Messages 1, 3 and 4 by the target in
/// channels 1, 2 and 3; message 2 by the member in channel 1.
async fn furnished() -> (TempDir, PathBuf) {
    let house = House::of(7).await;
    let (owner, member, target) = (house.user(OWNER), house.user(4), house.user(7));
    must(&owner, "workspace.create", json!({ "name": "w" })).await;
    must(
        &house.user(6),
        "workspace.create",
        json!({ "name": "other" }),
    )
    .await;
    for (user, role) in [
        (3, "admin"),
        (4, "member"),
        (BYSTANDER, "member"),
        (7, "member"),
    ] {
        let params = json!({ "workspace_id": 1, "user_id": user, "role": role });
        must(&owner, "workspace.add_member", params).await;
    }
    let public = json!({ "workspace_id": 1, "kind": "public", "name": "c" });
    must(&owner, "channel.create", public).await;
    for user in [3, 4, 7] {
        must(
            &house.user(user),
            "channel.join",
            json!({ "channel_id": 1 }),
        )
        .await;
    }
    let private = json!({ "workspace_id": 1, "kind": "private", "name": "p" });
    must(&member, "channel.create", private).await;
    must(
        &member,
        "channel.add_member",
        json!({ "channel_id": 2, "user_id": 7 }),
    )
    .await;
    let dm = json!({ "workspace_id": 1, "kind": "dm", "peer_ids": [7] });
    must(&member, "channel.create", dm).await;
    for (author, channel) in [(&target, 1), (&member, 1), (&target, 2), (&target, 3)] {
        must(
            author,
            "message.send",
            json!({ "channel_id": channel, "body": "x" }),
        )
        .await;
    }
    for channel in [1, 2] {
        let canvas = json!({ "channel_id": channel, "title": "x" });
        must(&member, "canvas.create", canvas).await;
    }
    must(&member, "canvas.delete", json!({ "canvas_id": 2 })).await;
    let folder = house.stop().await;
    let database = folder.path().join("antiphon.db");
    (folder, database)
}

fn letter(outcome: &Result<Value, antiphon_api::RpcError>) -> char {
    let Err(error) = outcome else {
        return '+';
    };
    match error.kind() {
        Some(ErrorCode::Unauthenticated) => 'u',
        Some(ErrorCode::Forbidden) => 'f',
        Some(ErrorCode::NotFound) => 'n',
        Some(ErrorCode::Conflict) => 'c',
        Some(ErrorCode::MethodNotFound) => 'm',
        _ => panic!("{error} {}", error.data),
    }
}

/// Each call by each caller, every time on the same database; what was refused changed nothing.
async fn check(rows: &[(&str, Value, &str)]) {
    let (_folder, database) = furnished().await;
    let mut wrong = Vec::new();
    for (method, params, expected) in rows {
        let mut found = String::new();
        let mut house = House::with_database(&database).await;
        for caller in CALLERS {
            let rpc = match caller {
                0 => house.operator(),
                user => house.user(user),
            };
            let head = must(&house.operator(), "server.health", json!({})).await["head"].clone();
            let outcome = call(&rpc, method, params.clone()).await;
            found.push(letter(&outcome));
            match outcome {
                Ok(_) => house = House::with_database(&database).await,
                Err(error) => {
                    let after = must(&house.operator(), "server.health", json!({})).await;
                    assert_eq!(after["head"], head, "{method} {params} by {caller}");
                    documented(method, error.kind());
                }
            }
        }
        if found != *expected {
            wrong.push(format!(
                "{method} {params}: expected {expected}, found {found}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A code a method answers with stands in its documentation.
fn documented(method: &str, code: Option<ErrorCode>) {
    let code = code.expect("a known code");
    if matches!(code, ErrorCode::Unauthenticated | ErrorCode::MethodNotFound) {
        return;
    }
    let info = METHODS.iter().find(|info| info.name == method);
    let errors = info.expect("a method").errors;
    assert!(
        errors.contains(&code),
        "{method} can fail with {}",
        code.name()
    );
}

#[tokio::test]
async fn users_and_workspaces() {
    check(&[
        ("user.create", json!({ "name": "new" }), "+fffff"),
        ("user.me", json!({}), "u+++++"),
        ("user.get", json!({ "user_id": 7 }), "+++++n"),
        ("user.get", json!({ "user_id": 99 }), "nnnnnn"),
        ("workspace.create", json!({ "name": "x" }), "u+++++"),
        (
            "workspace.add_member",
            json!({ "workspace_id": 1, "user_id": 1 }),
            "u++ffn",
        ),
        (
            "workspace.add_member",
            json!({ "workspace_id": 1, "user_id": 7 }),
            "uccffn",
        ),
        (
            "workspace.add_member",
            json!({ "workspace_id": 1, "user_id": 99 }),
            "unnffn",
        ),
        (
            "workspace.remove_member",
            json!({ "workspace_id": 1, "user_id": 7 }),
            "u++ffn",
        ),
        (
            "workspace.remove_member",
            json!({ "workspace_id": 1, "user_id": 4 }),
            "u+++fn",
        ),
        (
            "workspace.remove_member",
            json!({ "workspace_id": 1, "user_id": OWNER }),
            "uccffn",
        ),
        (
            "workspace.remove_member",
            json!({ "workspace_id": 1, "user_id": 6 }),
            "unnffn",
        ),
    ])
    .await;
}

#[tokio::test]
async fn channels() {
    let dm = |peer: i64| json!({ "workspace_id": 1, "kind": "dm", "peer_ids": [peer] });
    let of = |channel: i64| json!({ "channel_id": channel });
    let with = |channel: i64, user: i64| json!({ "channel_id": channel, "user_id": user });
    let public = json!({ "workspace_id": 1, "kind": "public", "name": "x" });
    check(&[
        ("channel.create", public, "u++++n"),
        ("channel.create", dm(7), "u++++n"),
        ("channel.create", dm(1), "unnnnn"),
        ("channel.join", of(1), "u++++n"),
        ("channel.join", of(2), "unn+nn"),
        ("channel.join", of(3), "unn+nn"),
        ("channel.leave", of(1), "u+++fn"),
        ("channel.leave", of(2), "unn+nn"),
        ("channel.leave", of(3), "unncnn"),
        ("channel.add_member", with(1, BYSTANDER), "u+++fn"),
        ("channel.add_member", with(2, BYSTANDER), "unn+nn"),
        ("channel.add_member", with(3, BYSTANDER), "unncnn"),
        ("channel.add_member", with(1, 6), "unnnfn"),
        ("channel.remove_member", with(1, 7), "u++ffn"),
        ("channel.remove_member", with(1, 4), "u+++fn"),
        ("channel.remove_member", with(2, 7), "unnfnn"),
        ("channel.remove_member", with(3, 7), "unncnn"),
        ("channel.list", json!({ "workspace_id": 1 }), "u++++n"),
    ])
    .await;
}

#[tokio::test]
async fn messages() {
    let send = |channel: i64| json!({ "channel_id": channel, "body": "y" });
    let of = |channel: i64| json!({ "channel_id": channel });
    let one = |message: i64| json!({ "message_id": message });
    let edit = |message: i64| json!({ "message_id": message, "body": "y" });
    let mark = |channel: i64, message: i64| json!({ "channel_id": channel, "message_id": message });
    check(&[
        ("message.send", send(1), "u+++fn"),
        ("message.send", send(2), "unn+nn"),
        ("message.send", send(3), "unn+nn"),
        ("message.list", of(1), "u+++fn"),
        ("message.list", of(2), "unn+nn"),
        ("message.get", one(1), "u+++nn"),
        ("message.get", one(3), "unn+nn"),
        ("message.update", edit(1), "ufffnn"),
        ("message.update", edit(2), "uff+nn"),
        ("message.update", edit(4), "unnfnn"),
        ("message.delete", one(1), "u++fnn"),
        ("message.delete", one(2), "u+++nn"),
        ("message.delete", one(3), "unnfnn"),
        ("read.mark", mark(1, 1), "u+++fn"),
        ("read.mark", mark(1, 3), "unnnfn"),
        ("read.mark", mark(2, 3), "unn+nn"),
        ("typing.relay", of(1), "u+++fn"),
        ("typing.relay", of(2), "unn+nn"),
    ])
    .await;
}

#[tokio::test]
async fn tokens_and_the_log() {
    let issue = json!({ "user_id": 4, "ttl_ms": 60_000 });
    let nobody = json!({ "user_id": 99, "ttl_ms": 60_000 });
    check(&[
        ("token.issue", issue, "+fffff"),
        ("token.issue", nobody, "nfffff"),
        ("token.list", json!({}), "u+++++"),
        ("token.list", json!({ "user_id": 4 }), "+ff+ff"),
        ("token.revoke", json!({ "user_id": 4 }), "+ff+ff"),
        ("token.revoke", json!({ "user_id": 99 }), "nfffff"),
        ("token.revoke", json!({ "jti": "x" }), "nnnnnn"),
        (
            "token.revoke",
            json!({ "jti": "x", "user_id": 4 }),
            "+nnnnn",
        ),
        ("events.list", json!({}), "+fffff"),
    ])
    .await;
}

/// Canvas 1 is in channel 1, canvas 2, which is deleted, in channel 2.
#[tokio::test]
async fn canvases() {
    let of = |channel: i64| json!({ "channel_id": channel });
    let create = |channel: i64| json!({ "channel_id": channel, "title": "x" });
    let one = |canvas: i64| json!({ "canvas_id": canvas });
    let write = |canvas: i64| json!({ "canvas_id": canvas, "title": "y" });
    check(&[
        ("canvas.create", create(1), "u+++fn"),
        ("canvas.create", create(2), "unn+nn"),
        ("canvas.create", create(99), "unnnnn"),
        ("canvas.list", of(1), "u+++fn"),
        ("canvas.list", of(2), "unn+nn"),
        ("canvas.get", one(1), "u+++nn"),
        ("canvas.get", one(2), "unn+nn"),
        ("canvas.history", one(1), "u+++nn"),
        ("canvas.history", one(2), "unn+nn"),
        ("canvas.update", write(1), "u+++nn"),
        ("canvas.update", write(2), "unncnn"),
        ("canvas.delete", one(1), "u+++nn"),
        ("canvas.delete", one(2), "unn+nn"),
        ("canvas.restore", one(1), "u+++nn"),
        ("canvas.restore", one(2), "unn+nn"),
        ("canvas.get", one(99), "unnnnn"),
    ])
    .await;
}

#[tokio::test]
async fn everything_else() {
    let replay = json!({ "user_id": 4, "after": 0, "through": 0, "first": true });
    check(&[
        ("presence.list", json!({}), "u+++++"),
        ("presence.set_status_text", json!({ "text": "x" }), "u+++++"),
        ("state.snapshot", json!({}), "u+++++"),
        ("session.ticket", json!({}), "u+++++"),
        ("session.redeem", json!({ "ticket": "x" }), "nmmmmm"),
        ("user.resolve", json!({ "external_id": "x" }), "nmmmmm"),
        ("server.health", json!({}), "++++++"),
        ("events.replay", replay, "+mmmmm"),
    ])
    .await;
}

#[tokio::test]
async fn what_one_may_not_see_looks_like_what_is_not_there() {
    let (_folder, database) = furnished().await;
    let house = House::with_database(&database).await;
    let outsider = house.user(6);
    for (method, field, hidden) in [
        ("channel.join", "channel_id", 1),
        ("message.list", "channel_id", 2),
        ("message.get", "message_id", 3),
        ("message.delete", "message_id", 4),
        ("channel.list", "workspace_id", 1),
        ("user.get", "user_id", 7),
        ("canvas.get", "canvas_id", 1),
    ] {
        let error = async |id: i64| {
            let outcome = call(&outsider, method, json!({ field: id })).await;
            let error = outcome.expect_err("is refused");
            let mut data = error.data.clone();
            data["request_id"] = Value::Null;
            (
                error.code,
                format!("{} {data}", error.message).replace(&id.to_string(), "ID"),
            )
        };
        assert_eq!(error(hidden).await, error(9999).await, "{method}");
    }
}
