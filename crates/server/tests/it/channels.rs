//! Channels: names, dms of several people, pages of members, and how one wants to hear of them.

use antiphon_api::{ErrorCode, ids::Pos};
use serde_json::{Value, json};

use crate::support::{House, Link, must, refused};

#[tokio::test]
async fn a_new_name_or_topic_is_told_once_and_none_at_all_is_no_change() {
    let house = House::with_channel(2).await;
    let (mut link, _) = Link::open(&house, "g", None).await;
    let owner = house.user(1);
    let update = |fields: Value| {
        let mut params = fields;
        params["channel_id"] = json!(1);
        params
    };
    let renamed = must(&owner, "channel.update", update(json!({ "name": "n" }))).await;
    assert_eq!(renamed["channel"]["revision"], 2);
    for same in [json!({}), json!({ "name": " n ", "topic": "" })] {
        must(&owner, "channel.update", update(same)).await;
    }
    let topic = update(json!({ "topic": "t" }));
    let changed = must(&owner, "channel.update", topic).await["channel"].clone();
    assert_eq!(
        (&changed["name"], &changed["topic"]),
        (&json!("n"), &json!("t"))
    );
    let heard = link.so_far(&house).await;
    let kinds: Vec<&str> = heard.iter().map(|heard| heard.kind()).collect();
    assert_eq!(kinds, ["channel.updated", "channel.updated"]);
    assert_eq!(heard[1].data()["channel"], changed);
    assert_eq!(heard[1].to, [1, 2]);
    for bad in [json!({ "name": "" }), json!({ "topic": "x".repeat(251) })] {
        let error = refused(&owner, "channel.update", update(bad)).await;
        assert_eq!(error.kind(), Some(ErrorCode::InvalidParams));
    }
}

#[tokio::test]
async fn a_dm_of_up_to_ten_people_is_one_for_the_same_people_and_told_to_all_of_them_at_once() {
    let house = House::with_channel(11).await;
    let (mut link, _) = Link::open(&house, "g", None).await;
    let dm = |peers: Vec<i64>| json!({ "workspace_id": 1, "kind": "dm", "peer_ids": peers });
    let all: Vec<i64> = (1..=10).collect();
    let made = must(&house.user(1), "channel.create", dm((2..=10).collect())).await;
    assert_eq!(made["channel"]["member_ids"], json!(all));
    let heard = link.so_far(&house).await;
    assert_eq!((heard[0].kind(), &heard[0].to), ("channel.added", &all));
    assert_eq!(heard[0].data()["channel"], made["channel"]);
    let again = must(&house.user(7), "channel.create", dm(all.clone())).await;
    assert_eq!(again, made);
    let other = must(&house.user(1), "channel.create", dm(vec![2, 3])).await;
    assert_ne!(other["channel"]["id"], made["channel"]["id"]);
    let mut topical = dm(vec![2]);
    topical["topic"] = json!("x");
    for (params, path) in [(dm((2..=11).collect()), "peer_ids"), (topical, "topic")] {
        let error = refused(&house.user(1), "channel.create", params).await;
        assert_eq!(error.data["errors"][0]["path"], path);
    }
}

/// The user ids of a list, page after page of two.
async fn pages(house: &House, method: &str, home: &str, list: &str, id: &str) -> Vec<Vec<i64>> {
    let (mut params, mut pages) = (json!({ home: 1, "limit": 2 }), Vec::new());
    loop {
        let page = must(&house.user(3), method, params.clone()).await;
        let entries = page[list].as_array().expect("a list").iter();
        let ids: Vec<i64> = entries.filter_map(|entry| entry[id].as_i64()).collect();
        assert!(page["pos"].is_i64());
        params["since_id"] = json!(ids.last());
        pages.push(ids);
        if page["has_more"] == false {
            return pages;
        }
    }
}

#[tokio::test]
async fn members_come_page_by_page_in_id_order() {
    let house = House::with_channel(5).await;
    for (method, home, list, id) in [
        ("channel.members", "channel_id", "members", "user_id"),
        ("workspace.members", "workspace_id", "members", "user_id"),
        ("user.list", "workspace_id", "users", "id"),
    ] {
        let pages = pages(&house, method, home, list, id).await;
        assert_eq!(pages, [vec![1, 2], vec![3, 4], vec![5]], "{method}");
    }
    for limit in [0, 201] {
        let params = json!({ "channel_id": 1, "limit": limit });
        let error = refused(&house.user(1), "channel.members", params).await;
        assert_eq!(error.data["errors"][0]["path"], "limit");
    }
}

#[tokio::test]
async fn the_channels_one_sees_come_page_by_page_in_id_order() {
    let house = House::with_channel(3).await;
    for kind in ["private", "public", "public", "private", "public"] {
        let channel = json!({ "workspace_id": 1, "kind": kind, "name": "x" });
        must(&house.user(1), "channel.create", channel).await;
    }
    let own = json!({ "workspace_id": 1, "kind": "dm", "peer_ids": [2] });
    must(&house.user(3), "channel.create", own).await;
    let pages = pages(&house, "channel.list", "workspace_id", "channels", "id").await;
    assert_eq!(pages, [vec![1, 3], vec![4, 6], vec![7]]);
    let params = json!({ "workspace_id": 1 });
    let usual = must(&house.user(3), "channel.list", params).await;
    let dm = &usual["channels"][4];
    assert_eq!(usual["has_more"], false);
    assert_eq!(
        (&dm["is_member"], &dm["member_ids"]),
        (&json!(true), &json!([2, 3]))
    );
    let none = json!({ "workspace_id": 1, "limit": 0 });
    let error = refused(&house.user(3), "channel.list", none).await;
    assert_eq!(error.data["errors"][0]["path"], "limit");
}

#[tokio::test]
async fn a_guest_opens_a_dm_where_the_workspace_lets_guests_and_always_finds_the_one_there_is() {
    let house = House::with_channel(3).await;
    let role = json!({ "workspace_id": 1, "user_id": 3, "role": "guest" });
    must(&house.user(1), "workspace.set_role", role).await;
    let dm = |peers: &[i64]| json!({ "workspace_id": 1, "kind": "dm", "peer_ids": peers });
    let error = refused(&house.user(3), "channel.create", dm(&[2])).await;
    assert_eq!(
        (error.kind(), &error.data["permission"]),
        (Some(ErrorCode::Forbidden), &json!("dm:create"))
    );
    let opened = must(&house.user(2), "channel.create", dm(&[3])).await;
    let found = must(&house.user(3), "channel.create", dm(&[2])).await;
    assert_eq!(found, opened);
    let guests = json!({ "workspace_id": 1, "role": "guest", "permissions": ["dm:create"] });
    must(&house.user(1), "workspace.set_permissions", guests).await;
    must(&house.user(3), "channel.create", dm(&[1, 2])).await;
}

#[tokio::test]
async fn how_one_hears_of_a_channel_is_told_to_oneself_alone_and_ends_with_the_membership() {
    let house = House::with_channel(2).await;
    let (mut link, _) = Link::open(&house, "g", None).await;
    let two = house.user(2);
    let quiet = json!({ "channel_id": 1, "muted": true, "notify": "mentions" });
    let set = must(&two, "channel.set_notify", quiet.clone()).await;
    assert_eq!(set["notify"], quiet);
    let partly = json!({ "channel_id": 1, "muted": true });
    assert_eq!(
        must(&two, "channel.set_notify", partly).await["notify"],
        quiet
    );
    let heard = link.so_far(&house).await;
    assert_eq!((heard.len(), &heard[0].to), (1, &vec![2]));
    assert_eq!(heard[0].data(), &json!({ "notify": quiet }));
    for method in ["channel.leave", "channel.join"] {
        must(&two, method, json!({ "channel_id": 1 })).await;
    }
    let snapshot = must(&two, "state.snapshot", json!({})).await;
    let usual = json!({ "channel_id": 1, "muted": false, "notify": "all" });
    assert_eq!(snapshot["notify"], json!([usual]));
}

/// Row 9 of the known bugs.
#[tokio::test]
async fn who_joins_through_one_gateway_is_sent_the_next_event_through_another() {
    let house = House::with_channel(3).await;
    must(&house.user(3), "channel.leave", json!({ "channel_id": 1 })).await;
    let (mut one, greeting) = Link::open(&house, "one", None).await;
    let (mut other, _) = Link::open(&house, "other", Some(greeting.head)).await;
    must(&house.user(3), "channel.join", json!({ "channel_id": 1 })).await;
    let params = json!({ "channel_id": 1, "body": "x" });
    must(&house.user(1), "message.send", params).await;
    let at_one = one.so_far(&house).await;
    assert_eq!(at_one, other.so_far(&house).await);
    let message = at_one.last().expect("an event");
    assert_eq!(
        (message.kind(), &message.to),
        ("message.created", &vec![1, 2, 3])
    );
    assert!(message.pos > Some(Pos(0)));
}

#[tokio::test]
async fn a_topic_has_no_control_characters_but_line_breaks() {
    let house = House::with_channel(1).await;
    let one = house.user(1);
    let update = |topic: &str| json!({ "channel_id": 1, "topic": topic });
    must(&one, "channel.update", update("two\nlines")).await;
    let error = refused(&one, "channel.update", update("a\u{1}b")).await;
    assert_eq!(error.data["errors"][0]["path"], "topic");
}
