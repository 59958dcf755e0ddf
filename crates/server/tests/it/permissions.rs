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
const GUEST: i64 = 8;
/// The operator, then the users in the order of the letters.
const CALLERS: [i64; 6] = [0, OWNER, 3, 4, BYSTANDER, 6];
/// The roles from above, and the instance's administrator, who is in no workspace.
const ROLES: [i64; 5] = [OWNER, 3, 4, GUEST, 1];

/// Workspace 1 of all but 1 and 6. Channel 1: public, of all in it but the bystander. Channels 2,
/// private, and 3, a dm: of the member (4) and the target (7). Messages 1, 3 and 4 by the target in
/// channels 1, 2 and 3; message 2 by the member in channel 1. Huddle 1 in channel 1 with the target in
/// it, huddle 2 in channel 2 with the member.
/// channels 1, 2 and 3; message 2 by the member in channel 1. Channel 4: public, with the member in it,
/// archived. The guest is in the workspace, in channel 1 and was in channel 4; not in channel 5, which is
/// public and the owner's.
async fn furnished() -> (TempDir, PathBuf) {
    let house = House::of(8).await;
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
        (GUEST, "guest"),
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
    for (user, channel) in [(&target, 1), (&member, 2)] {
        let params = json!({ "channel_id": channel });
        must(user, "huddle.start", params).await;
    }
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
async fn people() {
    let seven = || json!({ "user_id": 7 });
    check(&[
        ("user.list", json!({ "workspace_id": 1 }), "u++++n"),
        ("user.update", json!({ "display_name": "x" }), "u+++++"),
        (
            "user.update",
            json!({ "user_id": 7, "name": "x" }),
            "+ffffn",
        ),
        ("user.deactivate", seven(), "+ffffn"),
        ("user.deactivate", json!({ "user_id": 4 }), "+ffffn"),
        ("user.deactivate", json!({ "user_id": 99 }), "nnnnnn"),
        ("user.provision", json!({ "external_id": "x" }), "+fffff"),
        ("user.resolve", json!({ "external_id": "x" }), "nmmmmm"),
        ("user.get_preferences", json!({}), "u+++++"),
        (
            "user.set_preferences",
            json!({ "values": { "a": 1 } }),
            "u+++++",
        ),
    ])
    .await;
    check_by(
        &ROLES,
        &[
            ("user.get", seven(), "+++++"),
            ("user.list", json!({ "workspace_id": 1 }), "++++n"),
            ("user.create", json!({ "name": "new" }), "ffff+"),
            ("user.update", json!({ "user_id": 7, "name": "x" }), "ffff+"),
            ("user.deactivate", seven(), "ffff+"),
            ("user.deactivate", json!({ "user_id": 1 }), "nnnnf"),
            ("user.provision", json!({ "external_id": "x" }), "ffff+"),
            ("user.resolve", json!({ "external_id": "x" }), "mmmmm"),
        ],
    )
    .await;
}

#[tokio::test]
async fn workspaces_as_a_whole_and_roles_in_them() {
    let one = || json!({ "workspace_id": 1 });
    let role = |user: i64, role: &str| json!({ "workspace_id": 1, "user_id": user, "role": role });
    let allow = json!({ "workspace_id": 1, "role": "guest", "permissions": [] });
    let rename = || json!({ "workspace_id": 1, "name": "x" });
    check(&[
        ("workspace.get", one(), "u++++n"),
        ("workspace.list", json!({}), "u+++++"),
        ("workspace.members", one(), "u++++n"),
        ("workspace.update", rename(), "u++ffn"),
        ("workspace.delete", one(), "u+fffn"),
        ("workspace.set_role", role(7, "guest"), "u++ffn"),
        ("workspace.set_role", role(7, "owner"), "u+fffn"),
        ("workspace.set_role", role(OWNER, "member"), "ucfffn"),
        ("workspace.set_role", role(6, "member"), "unnffn"),
        ("workspace.set_permissions", allow.clone(), "u+fffn"),
    ])
    .await;
    let remove = json!({ "workspace_id": 1, "user_id": GUEST });
    check_by(
        &ROLES,
        &[
            ("workspace.get", one(), "++++n"),
            ("workspace.members", one(), "++++n"),
            ("workspace.update", rename(), "++ffn"),
            ("workspace.delete", one(), "+fffn"),
            ("workspace.add_member", role(6, "guest"), "++ffn"),
            ("workspace.remove_member", remove, "++f+n"),
            ("workspace.set_role", role(7, "admin"), "++ffn"),
            ("workspace.set_permissions", allow, "+fffn"),
        ],
    )
    .await;
}

#[tokio::test]
async fn channels_as_a_whole_and_what_guests_see() {
    let of = |channel: i64| json!({ "channel_id": channel });
    let topic = |channel: i64| json!({ "channel_id": channel, "topic": "x" });
    let mute = |channel: i64| json!({ "channel_id": channel, "muted": true });
    check(&[
        ("channel.get", of(1), "u++++n"),
        ("channel.get", of(2), "unn+nn"),
        ("channel.get", of(4), "u++++n"),
        ("channel.members", of(1), "u++++n"),
        ("channel.members", of(2), "unn+nn"),
        ("channel.members", of(4), "unnnnn"),
        ("channel.update", topic(1), "u+++fn"),
        ("channel.update", topic(2), "unn+nn"),
        ("channel.update", topic(3), "unncnn"),
        ("channel.archive", of(1), "u++ffn"),
        ("channel.archive", of(2), "unnfnn"),
        ("channel.archive", of(3), "unncnn"),
        ("channel.archive", of(4), "uccffn"),
        ("channel.unarchive", of(1), "uccffn"),
        ("channel.unarchive", of(3), "unncnn"),
        ("channel.unarchive", of(4), "u++ffn"),
        ("channel.delete", of(1), "u++ffn"),
        ("channel.delete", of(3), "unncnn"),
        ("channel.delete", of(4), "u++ffn"),
        ("channel.join", of(4), "unnnnn"),
        ("channel.set_notify", mute(1), "u+++fn"),
        ("channel.set_notify", mute(2), "unn+nn"),
        ("message.list", of(4), "unnnnn"),
    ])
    .await;
    let with = |channel: i64, user: i64| json!({ "channel_id": channel, "user_id": user });
    let public = json!({ "workspace_id": 1, "kind": "public", "name": "x" });
    let dm = json!({ "workspace_id": 1, "kind": "dm", "peer_ids": [7] });
    check_by(
        &ROLES,
        &[
            ("channel.create", public, "+++fn"),
            ("channel.create", dm, "++++n"),
            ("channel.list", json!({ "workspace_id": 1 }), "++++n"),
            ("channel.get", of(1), "++++n"),
            ("channel.get", of(4), "++++n"),
            ("channel.get", of(5), "+++nn"),
            ("channel.members", of(5), "+++nn"),
            ("channel.join", of(5), "+++nn"),
            ("channel.add_member", with(1, BYSTANDER), "+++fn"),
            ("channel.remove_member", with(1, 7), "++ffn"),
            ("channel.update", topic(1), "+++fn"),
            ("channel.archive", of(1), "++ffn"),
            ("channel.unarchive", of(4), "++ffn"),
            ("channel.delete", of(1), "++ffn"),
            ("channel.set_notify", mute(1), "++++n"),
            ("channel.leave", of(1), "++++n"),
        ],
    )
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
        ("read.mark_unread", mark(1, 1), "u+++fn"),
        ("read.mark_unread", mark(1, 3), "unnnfn"),
        ("read.mark_unread", mark(2, 3), "unn+nn"),
        ("read.mark_all", json!({}), "u+++++"),
        ("read.mark_all", json!({ "workspace_id": 1 }), "u++++n"),
        ("read.cursors", json!({}), "u+++++"),
        ("typing.relay", of(1), "u+++fn"),
        ("typing.relay", of(2), "unn+nn"),
    ])
    .await;
}

#[tokio::test]
async fn what_is_done_to_messages() {
    let of = |channel: i64| json!({ "channel_id": channel });
    let one = |message: i64| json!({ "message_id": message });
    let emoji = |message: i64| json!({ "message_id": message, "emoji": "👍" });
    let bulk = |channel: i64, ids: &[i64]| json!({ "channel_id": channel, "message_ids": ids });
    let search = |channel: i64| json!({ "query": "x", "channel_id": channel });
    check(&[
        ("message.react", emoji(1), "u+++nn"),
        ("message.react", emoji(3), "unn+nn"),
        ("message.unreact", emoji(1), "u+++nn"),
        ("message.unreact", emoji(3), "unn+nn"),
        ("message.toggle_react", emoji(1), "u+++nn"),
        ("message.toggle_react", emoji(4), "unn+nn"),
        ("message.pin", one(1), "u+++nn"),
        ("message.pin", one(3), "unn+nn"),
        ("message.unpin", one(1), "u+++nn"),
        ("message.unpin", one(3), "unn+nn"),
        ("message.pins", of(1), "u+++fn"),
        ("message.pins", of(2), "unn+nn"),
        ("message.history", one(1), "u+++nn"),
        ("message.history", one(3), "unn+nn"),
        ("message.bulk_delete", bulk(1, &[1, 2]), "u++ffn"),
        ("message.bulk_delete", bulk(1, &[2]), "u+++fn"),
        ("message.bulk_delete", bulk(1, &[2, 3]), "unnnfn"),
        ("message.bulk_delete", bulk(2, &[3]), "unnfnn"),
        ("message.search", json!({ "query": "x" }), "u+++++"),
        ("message.search", search(1), "u+++fn"),
        ("message.search", search(2), "unn+nn"),
        (
            "message.search",
            json!({ "query": "x", "workspace_id": 1 }),
            "u++++n",
        ),
    ])
    .await;
}

#[tokio::test]
async fn threads() {
    let of = |thread: i64| json!({ "thread_id": thread });
    let reply = |thread: i64| json!({ "thread_id": thread, "body": "y" });
    let sent = |channel: i64, thread: i64| json!({ "channel_id": channel, "thread_id": thread, "body": "y" });
    let read = |thread: i64| json!({ "thread_id": thread, "message_id": thread });
    check(&[
        ("thread.reply", reply(1), "u+++nn"),
        ("thread.reply", reply(3), "unn+nn"),
        ("message.send", sent(1, 1), "u+++fn"),
        ("message.send", sent(1, 3), "unnnfn"),
        ("thread.follow", of(1), "u+++nn"),
        ("thread.follow", of(3), "unn+nn"),
        ("thread.unfollow", of(1), "u+++nn"),
        ("thread.unfollow", of(3), "unn+nn"),
        ("thread.read", read(1), "ucccnn"),
        ("thread.read", read(3), "unncnn"),
        ("thread.messages", of(1), "u+++nn"),
        ("thread.messages", of(3), "unn+nn"),
        ("thread.list", json!({}), "u+++++"),
        ("thread.list", json!({ "channel_id": 1 }), "u+++fn"),
        ("thread.list", json!({ "channel_id": 2 }), "unn+nn"),
    ])
    .await;
}

#[tokio::test]
async fn a_guest_writes_and_reacts_but_does_not_pin() {
    let (_folder, database) = furnished().await;
    let house = House::with_database(&database).await;
    let guest = json!({ "workspace_id": 1, "user_id": 1, "role": "guest" });
    must(&house.user(OWNER), "workspace.add_member", guest).await;
    let member = json!({ "channel_id": 1, "user_id": 1 });
    must(&house.user(OWNER), "channel.add_member", member).await;
    let guest = house.user(1);
    must(
        &guest,
        "thread.reply",
        json!({ "thread_id": 1, "body": "y" }),
    )
    .await;
    must(
        &guest,
        "message.react",
        json!({ "message_id": 1, "emoji": "👍" }),
    )
    .await;
    for method in ["message.pin", "message.unpin"] {
        let error = call(&guest, method, json!({ "message_id": 1 }))
            .await
            .expect_err("is refused");
        assert_eq!(
            (error.code, &error.data["permission"]),
            (-32003, &json!("message:pin"))
        );
    }
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
        (
            "session.revoke",
            json!({ "user_id": 4, "until": 1 }),
            "+mmmmm",
        ),
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

#[tokio::test]
async fn huddles() {
    let of = |channel: i64| json!({ "channel_id": channel });
    let one = |huddle: i64| json!({ "huddle_id": huddle });
    let hand = |huddle: i64| json!({ "huddle_id": huddle, "hand": true });
    let renew = |huddle: i64, lease: i64| json!({ "huddle_id": huddle, "lease": lease });
    check(&[
        ("huddle.start", of(1), "u+++fn"),
        ("huddle.start", of(2), "unn+nn"),
        ("huddle.start", of(3), "unn+nn"),
        ("huddle.join", one(1), "u+++nn"),
        ("huddle.join", one(2), "unn+nn"),
        ("huddle.join", one(9), "unnnnn"),
        ("huddle.leave", one(2), "u+++++"),
        ("huddle.end", one(1), "u++fnn"),
        ("huddle.end", one(2), "unn+nn"),
        ("huddle.update", hand(1), "ufffnn"),
        ("huddle.update", hand(2), "unn+nn"),
        ("huddle.renew", renew(2, 2), "unn+nn"),
        ("huddle.renew", renew(2, 1), "unnnnn"),
        ("huddle.get", one(1), "u+++nn"),
        ("huddle.list_active", json!({}), "u+++++"),
        ("huddle.list_active", json!({ "workspace_id": 1 }), "u++++n"),
    ])
    .await;
}

#[tokio::test]
async fn presence() {
    let mark = |user: i64| json!({ "gateway": "g", "user_id": user, "tab": 1, "state": "hidden" });
    check(&[
        ("presence.set", json!({ "state": "invisible" }), "u+++++"),
        ("presence.update", json!({ "text": "x" }), "u+++++"),
        ("presence.mark_connection", mark(4), "+mmmmm"),
        ("presence.mark_connection", mark(99), "nmmmmm"),
    ])
    .await;
}
