use serde_json::json;

use super::{BYSTANDER, ROLES, check, check_by};

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
            ("channel.create", dm, "+++fn"),
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
