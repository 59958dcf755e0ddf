//! Canvases: what is written, overwritten, deleted and brought back.

use serde_json::{Value, json};

use crate::support::{House, Link, call, must};

/// Ada (1) owns a workspace with channel 1, where Ben (2) is, too, and Cleo (3) is not.
async fn room() -> House {
    let house = House::of(3).await;
    let ada = house.user(1);
    must(&ada, "workspace.create", json!({ "name": "w" })).await;
    for user in [2, 3] {
        let params = json!({ "workspace_id": 1, "user_id": user });
        must(&ada, "workspace.add_member", params).await;
    }
    let public = json!({ "workspace_id": 1, "kind": "public", "name": "c" });
    must(&ada, "channel.create", public).await;
    must(&house.user(2), "channel.join", json!({ "channel_id": 1 })).await;
    house
}

async fn create(house: &House, content: Value) -> Value {
    let params = json!({ "channel_id": 1, "title": "Plan", "content": content });
    must(&house.user(1), "canvas.create", params).await["canvas"].clone()
}

async fn update(house: &House, params: Value) -> Result<Value, antiphon_api::RpcError> {
    let updated = call(&house.user(2), "canvas.update", params).await;
    updated.map(|result| result["canvas"].clone())
}

#[tokio::test]
async fn a_canvas_is_replaced_or_merged_and_everybody_hears_it_whole() {
    let house = room().await;
    let (mut link, _) = Link::open(&house, "g", None).await;
    let made = create(&house, json!({ "a": { "b": 1, "c": 2 }, "d": [1] })).await;
    assert_eq!(
        (&made["revision"], &made["deleted_at"]),
        (&json!(1), &Value::Null)
    );
    let patch = json!({ "a": { "b": null, "e": 3 }, "d": [2] });
    let merged = update(&house, json!({ "canvas_id": 1, "patch": patch })).await;
    let merged = merged.expect("is merged");
    assert_eq!(
        merged["content"],
        json!({ "a": { "c": 2, "e": 3 }, "d": [2] })
    );
    assert_eq!(
        (&merged["updated_by"], &merged["created_by"]),
        (&json!(2), &json!(1))
    );
    let params = json!({ "canvas_id": 1, "title": "New", "content": {} });
    let replaced = update(&house, params).await.expect("is replaced");
    assert_eq!(
        (&replaced["content"], &replaced["title"]),
        (&json!({}), &json!("New"))
    );
    for (kind, canvas) in [
        ("canvas.created", &made),
        ("canvas.updated", &merged),
        ("canvas.updated", &replaced),
    ] {
        let heard = link.envelope().await;
        assert_eq!((heard.kind(), &*heard.to), (kind, &[1, 2][..]));
        assert_eq!(heard.data(), &json!({ "canvas": canvas }));
    }
}

#[tokio::test]
async fn who_writes_on_an_old_revision_is_told_the_new_one_and_changes_nothing() {
    let house = room().await;
    create(&house, json!({ "n": 0 })).await;
    let write = |n: i64| json!({ "canvas_id": 1, "expected_revision": 1, "content": { "n": n } });
    update(&house, write(1)).await.expect("is the first");
    let error = update(&house, write(2)).await.expect_err("is stale");
    assert_eq!((error.code, &error.data["revision"]), (-32009, &json!(2)));
    let params = json!({ "canvas_id": 1, "expected_revision": 1 });
    let error = call(&house.user(1), "canvas.delete", params).await;
    assert_eq!(error.expect_err("is stale").code, -32009);
    let held = must(&house.user(1), "canvas.get", json!({ "canvas_id": 1 })).await;
    assert_eq!(held["canvas"]["content"], json!({ "n": 1 }));
    let again = json!({ "canvas_id": 1, "expected_revision": 2, "patch": { "n": 1 } });
    let same = update(&house, again).await.expect("changes nothing");
    assert_eq!(same["revision"], 2, "no change, no revision");
}

#[tokio::test]
async fn what_is_deleted_is_listed_on_demand_and_comes_back() {
    let house = room().await;
    let ada = house.user(1);
    create(&house, json!({})).await;
    create(&house, json!({})).await;
    let of = json!({ "canvas_id": 1 });
    must(&ada, "canvas.delete", of.clone()).await;
    must(&ada, "canvas.delete", of.clone()).await;
    let ids = async |params: Value| {
        let listed = must(&ada, "canvas.list", params).await;
        let ids = listed["canvases"].as_array().expect("a list").iter();
        let ids: Vec<_> = ids.map(|canvas| canvas["id"].as_i64()).collect();
        (ids, listed["has_more"].clone())
    };
    let all = json!({ "channel_id": 1, "include_deleted": true, "limit": 1 });
    assert_eq!(ids(json!({ "channel_id": 1 })).await.0, [Some(2)]);
    assert_eq!(ids(all).await, (vec![Some(1)], json!(true)));
    let rest = json!({ "channel_id": 1, "include_deleted": true, "since_id": 1 });
    assert_eq!(ids(rest).await, (vec![Some(2)], json!(false)));
    let written = update(&house, json!({ "canvas_id": 1, "title": "x" })).await;
    assert_eq!(written.expect_err("is deleted").code, -32009);
    let back = must(&ada, "canvas.restore", of.clone()).await["canvas"].clone();
    assert_eq!(
        (&back["revision"], &back["deleted_at"]),
        (&json!(3), &Value::Null)
    );
    let again = must(&ada, "canvas.restore", of).await["canvas"].clone();
    assert_eq!(again, back, "nothing to bring back");
}

#[tokio::test]
async fn a_former_revision_comes_back_as_a_new_one_and_fifty_are_kept() {
    let house = room().await;
    create(&house, json!({ "n": 1 })).await;
    for n in 2..=60 {
        let params = json!({ "canvas_id": 1, "content": { "n": n } });
        update(&house, params).await.expect("is written");
    }
    let history = async |params: Value| {
        let page = must(&house.user(2), "canvas.history", params).await;
        let revisions = page["revisions"].as_array().expect("a list").iter();
        let numbers: Vec<_> = revisions.map(|one| one["revision"].as_i64()).collect();
        (numbers, page["has_more"].clone())
    };
    let (numbers, more) = history(json!({ "canvas_id": 1 })).await;
    assert_eq!(numbers, (11..=60).rev().map(Some).collect::<Vec<_>>());
    assert_eq!(more, false);
    let page = json!({ "canvas_id": 1, "before_revision": 60, "limit": 2 });
    assert_eq!(history(page).await, (vec![Some(59), Some(58)], json!(true)));
    let restore = |revision: i64| json!({ "canvas_id": 1, "revision": revision });
    let gone = call(&house.user(2), "canvas.restore", restore(10)).await;
    assert_eq!(gone.expect_err("is forgotten").code, -32004);
    let back = must(&house.user(2), "canvas.restore", restore(11)).await;
    assert_eq!(back["canvas"]["content"], json!({ "n": 11 }));
    assert_eq!(back["canvas"]["revision"], 61);
}

#[tokio::test]
async fn a_content_is_bounded_in_bytes_and_depth_whichever_way_it_comes() {
    let house = room().await;
    let text = |bytes: usize| json!({ "t": "x".repeat(bytes - r#"{"t":""}"#.len()) });
    create(&house, text(128 << 10)).await;
    let too_long = json!({ "channel_id": 1, "title": "x", "content": text((128 << 10) + 1) });
    let error = call(&house.user(1), "canvas.create", too_long).await;
    let error = error.expect_err("is too long");
    assert_eq!(
        (error.code, &error.data["limit"]),
        (-32013, &json!(128 << 10))
    );
    let patch = json!({ "canvas_id": 1, "patch": { "more": 1 } });
    assert_eq!(
        update(&house, patch).await.expect_err("is too long").code,
        -32013
    );
    let nested = |levels: usize| (1..levels).fold(json!({}), |inner, _| json!({ "x": inner }));
    let write = |content: Value| json!({ "canvas_id": 1, "content": content });
    update(&house, write(nested(64))).await.expect("fits");
    let error = update(&house, write(nested(65)))
        .await
        .expect_err("is too deep");
    assert_eq!((error.code, &error.data["limit"]), (-32013, &json!(64)));
    for params in [
        json!({ "canvas_id": 1 }),
        json!({ "canvas_id": 1, "content": {}, "patch": {} }),
        json!({ "canvas_id": 1, "content": [] }),
        json!({ "canvas_id": 1, "title": " " }),
    ] {
        assert_eq!(
            update(&house, params).await.expect_err("is wrong").code,
            -32602
        );
    }
}

#[tokio::test]
async fn the_log_is_listed_page_by_page_for_administrators_alone() {
    let house = room().await;
    let ada = house.user(1);
    let whole = must(&ada, "events.list", json!({ "limit": 200 })).await;
    let events = whole["events"].as_array().expect("a list");
    assert_eq!(whole["through"], whole["head"]);
    assert_eq!(whole["has_more"], false);
    let (mut paged, mut after) = (Vec::new(), json!(0));
    loop {
        let page = must(&ada, "events.list", json!({ "after": after, "limit": 2 })).await;
        paged.extend(page["events"].as_array().expect("a list").iter().cloned());
        after = page["through"].clone();
        if page["has_more"] == false {
            break;
        }
    }
    assert_eq!(&paged, events);
    let joined = json!({ "type": "channel.member_joined" });
    let joined = must(&house.operator(), "events.list", joined).await;
    assert_eq!(joined["events"].as_array().expect("a list").len(), 2);
    let unknown = call(&ada, "events.list", json!({ "type": "no.such" })).await;
    assert_eq!(unknown.expect_err("is unknown").code, -32602);
    let refused = call(&house.user(2), "events.list", json!({})).await;
    assert_eq!(refused.expect_err("is no administrator").code, -32003);
}
