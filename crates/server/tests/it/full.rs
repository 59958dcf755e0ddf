//! What is full takes no more, says how much it holds, and stays as it was.

use antiphon_api::{
    ErrorCode,
    methods::{
        canvas::MAX_CANVASES,
        channel::{MAX_CHANNELS_OF_USER, MAX_DMS_OPENED},
    },
};
use serde_json::{Value, json};

use crate::support::{House, Link, must, refused};

/// The house again, after `fill` has put `rows` rows into its database.
async fn filled(house: House, fill: &str, rows: usize) -> House {
    let rows = format!(
        "CREATE TEMP TABLE n AS WITH RECURSIVE n (id) AS (
             SELECT 1000 UNION ALL SELECT id + 1 FROM n WHERE id + 1 < 1000 + {rows})
         SELECT id FROM n;"
    );
    house.changed(&(rows + fill)).await
}

/// Users 1 to 3 in workspace 1 and in channel 1; 2 and 3 were in channel 2, which is archived. User 2
/// is in as many channels as one may be, and in one dm less.
async fn busy() -> House {
    let house = House::with_channel(3).await;
    let old = json!({ "workspace_id": 1, "kind": "public", "name": "old" });
    must(&house.user(1), "channel.create", old).await;
    for user in [2, 3] {
        let joined = json!({ "channel_id": 2 });
        must(&house.user(user), "channel.join", joined).await;
    }
    must(
        &house.user(1),
        "channel.archive",
        json!({ "channel_id": 2 }),
    )
    .await;
    let fill = "INSERT INTO channel (id, workspace_id, kind, name)
         SELECT id, 1, 'private', 'x' FROM n UNION ALL SELECT id + 50000, 1, 'dm', '' FROM n;
         INSERT INTO membership (kind, scope_id, to_pos, user_id, from_pos, role)
         SELECT 2, id, 9223372036854775807, 2, 0, '' FROM channel WHERE id >= 1000;";
    filled(house, fill, MAX_CHANNELS_OF_USER - 1).await
}

async fn is_full_for(house: &House, user: i64, method: &str, params: Value) {
    let error = refused(&house.user(user), method, params).await;
    assert_eq!(error.kind(), Some(ErrorCode::Conflict), "{method}");
    assert_eq!(error.data["limit"], MAX_CHANNELS_OF_USER, "{method}");
    let message = format!("a user is in at most {MAX_CHANNELS_OF_USER} channels, and as many dms");
    assert_eq!(error.message, message, "{method}");
}

fn dm(peers: &[i64]) -> Value {
    json!({ "workspace_id": 1, "kind": "dm", "peer_ids": peers })
}

#[tokio::test]
async fn who_is_in_as_many_channels_as_one_may_be_is_put_into_no_further_one_by_anybody() {
    let house = busy().await;
    let public = || json!({ "workspace_id": 1, "kind": "public", "name": "new" });
    let new = must(&house.user(1), "channel.create", public()).await["channel"]["id"].take();
    let opened = must(&house.user(2), "channel.create", dm(&[3])).await;

    let with_two = json!({ "channel_id": new, "user_id": 2 });
    is_full_for(&house, 2, "channel.join", json!({ "channel_id": new })).await;
    is_full_for(&house, 2, "channel.create", public()).await;
    is_full_for(&house, 1, "channel.add_member", with_two).await;
    is_full_for(&house, 1, "channel.create", dm(&[2, 3])).await;

    let found = must(&house.user(2), "channel.create", dm(&[3])).await;
    assert_eq!(found, opened, "the one there is needs no place");
    must(&house.user(2), "channel.leave", json!({ "channel_id": 1 })).await;
    must(&house.user(2), "channel.join", json!({ "channel_id": new })).await;
}

#[tokio::test]
async fn dms_keep_nobody_out_of_a_channel_nor_others_out_of_a_dm_that_is_there() {
    let house = House::with_channel(3).await;
    let opened = must(&house.user(1), "channel.create", dm(&[2, 3])).await["channel"]["id"].take();
    let fill = format!(
        "UPDATE membership SET to_pos = from_pos + 1
         WHERE kind = 2 AND scope_id = {opened} AND user_id IN (2, 3);
         DELETE FROM read_cursor WHERE channel_id = {opened} AND user_id IN (2, 3);
         INSERT INTO channel (id, workspace_id, kind, name) SELECT id, 1, 'dm', '' FROM n;
         INSERT INTO membership (kind, scope_id, to_pos, user_id, from_pos, role)
         SELECT 2, id, 9223372036854775807, 2, 0, '' FROM n;"
    );
    let house = filled(house, &fill, MAX_CHANNELS_OF_USER).await;
    let public = json!({ "workspace_id": 1, "kind": "public", "name": "new" });
    must(&house.user(2), "channel.create", public).await;
    is_full_for(&house, 2, "channel.create", dm(&[1, 3])).await;
    let found = must(&house.user(1), "channel.create", dm(&[2, 3])).await;
    assert_eq!(found["channel"]["id"], opened);
    assert_eq!(found["channel"]["member_ids"], json!([1, 3]));
}

#[tokio::test]
async fn one_opens_so_many_dms_in_a_workspace() {
    let house = House::with_channel(3).await;
    let other = must(
        &house.user(1),
        "workspace.create",
        json!({ "name": "other" }),
    )
    .await;
    let fill = "INSERT INTO channel (id, workspace_id, kind, name, opened_by)
                SELECT id, 1, 'dm', '', 1 FROM n;";
    let house = filled(house, fill, MAX_DMS_OPENED - 1).await;
    must(&house.user(1), "channel.create", dm(&[2])).await;
    let error = refused(&house.user(1), "channel.create", dm(&[3])).await;
    let told = (error.kind(), &error.data["limit"]);
    assert_eq!(told, (Some(ErrorCode::Conflict), &json!(MAX_DMS_OPENED)));
    must(&house.user(1), "channel.create", dm(&[2])).await;
    must(&house.user(2), "channel.create", dm(&[3])).await;
    let id = &other["workspace"]["id"];
    let two = json!({ "workspace_id": id, "user_id": 2 });
    must(&house.user(1), "workspace.add_member", two).await;
    let elsewhere = json!({ "workspace_id": id, "kind": "dm", "peer_ids": [2] });
    must(&house.user(1), "channel.create", elsewhere).await;
}

#[tokio::test]
async fn who_is_full_stays_out_of_a_channel_that_comes_back_and_brings_none_back() {
    let house = busy().await;
    let admin = json!({ "workspace_id": 1, "user_id": 2, "role": "admin" });
    must(&house.user(1), "workspace.set_role", admin).await;
    let old = || json!({ "channel_id": 2 });
    is_full_for(&house, 2, "channel.unarchive", old()).await;

    let (mut link, _) = Link::open(&house, "g", None).await;
    must(&house.user(1), "channel.unarchive", old()).await;
    let heard = link.so_far(&house).await;
    let told: Vec<_> = heard
        .iter()
        .map(|one| (one.kind(), one.to.clone()))
        .collect();
    let expected = [
        ("channel.added", vec![1, 3]),
        ("read.updated", vec![1]),
        ("read.updated", vec![3]),
    ];
    assert_eq!(told, expected);
    let seen = must(&house.user(2), "channel.get", old()).await;
    assert_eq!(seen["is_member"], false);
    must(&house.user(2), "channel.leave", json!({ "channel_id": 1 })).await;
    must(&house.user(2), "channel.join", old()).await;
}

#[tokio::test]
async fn a_channel_holds_so_many_canvases_and_deleted_ones_are_among_them() {
    let house = House::with_channel(1).await;
    let other = json!({ "workspace_id": 1, "kind": "public", "name": "other" });
    must(&house.user(1), "channel.create", other).await;
    let fill =
        "INSERT INTO canvas (id, channel_id, title, content, created_by, created_at, updated_by,
                             updated_at, deleted_at)
         SELECT id, 1, 'x', '{}', 1, 1, 1, 1, iif(id % 2, 1, NULL) FROM n;";
    let house = filled(house, fill, MAX_CANVASES - 1).await;
    let one = house.user(1);
    let canvas = |channel: i64| json!({ "channel_id": channel, "title": "x" });
    let last = must(&one, "canvas.create", canvas(1)).await["canvas"]["id"].take();
    must(&one, "canvas.delete", json!({ "canvas_id": last })).await;
    let error = refused(&one, "canvas.create", canvas(1)).await;
    let told = (error.kind(), &error.data["limit"]);
    assert_eq!(told, (Some(ErrorCode::Conflict), &json!(MAX_CANVASES)));
    must(&one, "canvas.restore", json!({ "canvas_id": last })).await;
    must(&one, "canvas.create", canvas(2)).await;
}
