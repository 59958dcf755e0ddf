//! Who may call what: a row for each call, a letter for each caller.
//!
//! `+` done, `u` unauthenticated, `f` forbidden, `n` not found, `c` conflict, `m` no such method.
//! The callers: the operator, the owner, an admin, a member, a bystander (in the workspace, in no
//! channel) and an outsider.

mod channels;
mod messages;
mod people;

use std::path::PathBuf;

use antiphon_api::{ErrorCode, methods::METHODS};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{House, call, must};

const OWNER: i64 = 2;
const BYSTANDER: i64 = 5;
const GUEST: i64 = 8;
/// Not in workspace 1, but in another with its owner and its admin.
const ACQUAINTANCE: i64 = 9;
/// The operator, then the users in the order of the letters.
const CALLERS: [i64; 6] = [0, OWNER, 3, 4, BYSTANDER, 6];
/// The roles from above, and the instance's administrator, who is in no workspace.
const ROLES: [i64; 5] = [OWNER, 3, 4, GUEST, 1];

/// What all calls are made upon.
///
/// - Workspace 1 of all but 1, 6 and 9; workspace 2 of 6 alone; workspace 3 of 2, 3 and 9.
/// - Channel 1, public, of all in workspace 1 but the bystander. Channels 2, private, and 3, a dm, of
///   the member (4) and the target (7). Channel 4, public and archived, once of the member and the
///   guest. Channel 5, public, of the owner.
/// - Messages 1, 3 and 4 by the target in channels 1, 2 and 3; message 2 by the member in channel 1.
/// - Huddle 1 in channel 1 with the target in it, huddle 2 in channel 2 with the member.
/// - Canvas 1 in channel 1; canvas 2 in channel 2, deleted.
async fn furnished() -> (TempDir, PathBuf) {
    let house = House::of(9).await;
    let (owner, member, target) = (house.user(OWNER), house.user(4), house.user(7));
    let people = [
        (3, "admin"),
        (4, "member"),
        (BYSTANDER, "member"),
        (7, "member"),
        (GUEST, "guest"),
    ];
    assemble(&house, 1, &people).await;
    must(
        &house.user(6),
        "workspace.create",
        json!({ "name": "other" }),
    )
    .await;
    assemble(&house, 3, &[(3, "member"), (ACQUAINTANCE, "member")]).await;
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
    talk(&house).await;
    for (channel, users) in [(4, &[4, GUEST][..]), (5, &[]), (1, &[GUEST])] {
        if channel > 1 {
            let public = json!({ "workspace_id": 1, "kind": "public", "name": "d" });
            must(&owner, "channel.create", public).await;
        }
        for user in users {
            let params = json!({ "channel_id": channel, "user_id": user });
            must(&owner, "channel.add_member", params).await;
        }
    }
    must(&owner, "channel.archive", json!({ "channel_id": 4 })).await;
    let folder = house.stop().await;
    let database = folder.path().join("antiphon.db");
    (folder, database)
}

/// The next workspace, in which the administrator brings strangers together and leaves them.
async fn assemble(house: &House, id: i64, people: &[(i64, &str)]) {
    let administrator = house.user(1);
    must(&administrator, "workspace.create", json!({ "name": "w" })).await;
    let in_role = |user: i64, role| json!({ "workspace_id": id, "user_id": user, "role": role });
    for (user, role) in [&[(OWNER, "admin")], people].concat() {
        must(&administrator, "workspace.add_member", in_role(user, role)).await;
    }
    must(
        &administrator,
        "workspace.set_role",
        in_role(OWNER, "owner"),
    )
    .await;
    let oneself = json!({ "workspace_id": id, "user_id": 1 });
    must(&administrator, "workspace.remove_member", oneself).await;
}

/// The huddles, and the canvases.
async fn talk(house: &House) {
    let (member, target) = (house.user(4), house.user(7));
    for (user, channel) in [(&target, 1), (&member, 2)] {
        let params = json!({ "channel_id": channel });
        must(user, "huddle.start", params).await;
        let canvas = json!({ "channel_id": channel, "title": "x" });
        must(&member, "canvas.create", canvas).await;
    }
    must(&member, "canvas.delete", json!({ "canvas_id": 2 })).await;
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
    check_by(&CALLERS, rows).await;
}

async fn check_by(callers: &[i64], rows: &[(&str, Value, &str)]) {
    let (_folder, database) = furnished().await;
    let mut wrong = Vec::new();
    for (method, params, expected) in rows {
        let mut found = String::new();
        let mut house = House::with_database(&database).await;
        for caller in callers {
            let rpc = match *caller {
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
async fn everything_else() {
    let replay = json!({ "user_id": 4, "after": 0, "through": 0, "first": true });
    check(&[
        ("presence.list", json!({}), "u+++++"),
        ("presence.set_status_text", json!({ "text": "x" }), "u+++++"),
        ("state.snapshot", json!({}), "u+++++"),
        ("session.ticket", json!({}), "u+++++"),
        ("session.redeem", json!({ "ticket": "x" }), "nmmmmm"),
        ("user.resolve", json!({ "external_id": "x" }), "nmmmmm"),
        ("probe.ticket", json!({}), "+mmmmm"),
        ("probe.send", json!({ "nonce": "x" }), "+mmmmm"),
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
        ("canvas.get", "canvas_id", 1),
        ("message.delete", "message_id", 4),
        ("message.history", "message_id", 3),
        ("message.pin", "message_id", 3),
        ("message.pins", "channel_id", 2),
        ("thread.follow", "thread_id", 3),
        ("thread.messages", "thread_id", 1),
        ("channel.list", "workspace_id", 1),
        ("user.get", "user_id", 7),
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
