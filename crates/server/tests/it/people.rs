//! People: their names, an application's own ids, preferences, and the end of an account.

use antiphon_api::{
    ErrorCode,
    identity::Presented,
    ids::{MAX_SAFE_INTEGER, Principal, UnixMs, UserId},
};
use antiphon_wire::FromServer;
use serde_json::{Value, json};

use crate::support::{House, Link, call, must, refused};

async fn preferences(house: &House, user: i64) -> Value {
    must(&house.user(user), "user.get_preferences", json!({})).await["preferences"].clone()
}

async fn prefer(house: &House, user: i64, values: Value) -> Value {
    let params = json!({ "values": values });
    must(&house.user(user), "user.set_preferences", params).await["preferences"].clone()
}

#[tokio::test]
async fn a_new_name_is_told_to_the_users_workspaces_and_one_that_is_taken_refused() {
    let house = House::with_channel(3).await;
    let (mut link, _) = Link::open(&house, "g", None).await;
    let two = house.user(2);
    let renamed = must(
        &two,
        "user.update",
        json!({ "name": "zoe", "display_name": "Zoé" }),
    )
    .await;
    assert_eq!(
        (&renamed["user"]["name"], &renamed["user"]["revision"]),
        (&json!("zoe"), &json!(2))
    );
    must(&two, "user.update", json!({ "name": "zoe" })).await;
    let error = refused(&two, "user.update", json!({ "name": "u1" })).await;
    assert_eq!(error.data["existing"], "name");
    let heard = link.so_far(&house).await;
    assert_eq!(
        (heard.len(), heard[0].kind(), &heard[0].to),
        (1, "user.updated", &vec![1, 2, 3])
    );
    assert_eq!(heard[0].data(), &renamed);
}

#[tokio::test]
async fn who_is_made_hears_of_it_and_has_an_external_id_alone() {
    let house = House::of(1).await;
    let (mut link, _) = Link::open(&house, "g", None).await;
    let new = json!({ "name": "dora", "external_id": "crm:1" });
    let made = must(&house.operator(), "user.create", new).await;
    assert_eq!(made["user"]["external_id"], "crm:1");
    let heard = link.so_far(&house).await;
    assert_eq!(
        (heard[0].kind(), heard[0].data(), &heard[0].to),
        ("user.created", &made, &vec![2])
    );
    let again = json!({ "name": "other", "external_id": "crm:1" });
    let error = refused(&house.operator(), "user.create", again).await;
    assert_eq!(error.data["existing"], "external_id");
    for bad in [String::new(), "x".repeat(129), "a\u{7}".to_owned()] {
        let params = json!({ "name": "x", "external_id": bad });
        let error = refused(&house.operator(), "user.create", params).await;
        assert_eq!(error.data["errors"][0]["path"], "external_id");
    }
}

#[tokio::test]
async fn provisioning_makes_a_user_once_and_then_keeps_them_up_to_date() {
    let house = House::of(1).await;
    let provision = async |params: Value| must(&house.operator(), "user.provision", params).await;
    let first = provision(json!({ "external_id": "ann@example.org" })).await;
    assert_eq!(
        (&first["created"], &first["user"]["name"]),
        (&json!(true), &json!("ann-example.org"))
    );
    let alike = provision(json!({ "external_id": "ann example.org" })).await;
    assert_eq!(alike["user"]["name"], "ann-example.org-2");
    let same = provision(json!({ "external_id": "ann@example.org" })).await;
    assert_eq!(
        (&same["created"], &same["user"]),
        (&json!(false), &first["user"])
    );
    let renamed = json!({ "external_id": "ann@example.org", "display_name": "Ann" });
    let renamed = provision(renamed).await;
    let expected = (&json!(false), &json!("Ann"), &first["user"]["id"]);
    let user = &renamed["user"];
    assert_eq!(
        (&renamed["created"], &user["display_name"], &user["id"]),
        expected
    );
    let taken = json!({ "external_id": "new", "name": "u1" });
    let error = refused(&house.operator(), "user.provision", taken).await;
    assert_eq!(error.data["existing"], "name");
}

#[tokio::test]
async fn an_unknown_external_id_is_a_user_only_where_the_configuration_says_so() {
    let resolve = json!({ "external_id": "crm-1" });
    let house = House::of(1).await;
    let error = refused(&house.operator(), "user.resolve", resolve.clone()).await;
    assert_eq!(error.kind(), Some(ErrorCode::NotFound));
    let folder = house.stop().await;
    let house = House::configured(folder, |config| config.provision_unknown = true).await;
    let found = must(&house.operator(), "user.resolve", resolve.clone()).await;
    assert_eq!(found, json!({ "user_id": 2 }));
    assert_eq!(
        must(&house.operator(), "user.resolve", resolve).await,
        found
    );
    let me = must(&house.user(2), "user.me", json!({})).await;
    assert_eq!(
        (&me["user"]["name"], &me["user"]["external_id"]),
        (&json!("crm-1"), &json!("crm-1"))
    );
}

#[tokio::test]
async fn the_first_user_that_a_token_makes_does_not_administer_the_instance() {
    let folder = tempfile::tempdir().expect("a folder");
    let house = House::configured(folder, |config| config.provision_unknown = true).await;
    must(
        &house.operator(),
        "user.resolve",
        json!({ "external_id": "x" }),
    )
    .await;
    let error = refused(&house.user(1), "user.create", json!({ "name": "y" })).await;
    assert_eq!(error.kind(), Some(ErrorCode::Forbidden));
}

#[tokio::test]
async fn who_is_deactivated_is_out_for_good_and_stays_a_member() {
    let house = House::with_channel(3).await;
    let (mut link, _) = Link::open(&house, "g", None).await;
    let params = json!({ "user_id": 2 });
    let gone = must(&house.user(1), "user.deactivate", params.clone()).await;
    assert!(gone["user"]["deactivated_at"].is_i64());
    let (mut revoked, mut told) = (None, None);
    while revoked.is_none() || told.is_none() {
        match link.word().await {
            FromServer::Revoke(revocation) => revoked = Some(revocation),
            FromServer::Envelope(envelope) => told = Some(envelope),
            FromServer::Hello { .. } | FromServer::Heartbeat { .. } => panic!("said already"),
        }
    }
    let revoked = revoked.expect("is revoked");
    assert_eq!(revoked.principal, Principal::User(UserId(2)));
    let newest = Presented {
        expires_at: None,
        jti: Some("any".to_owned()),
        issued_at: Some(UnixMs(MAX_SAFE_INTEGER - 1)),
    };
    assert!(revoked.covers(&newest));
    assert_eq!(revoked.until, UnixMs(MAX_SAFE_INTEGER));
    assert!(told.expect("is told").event.get().contains("user.updated"));

    let error = refused(&house.user(2), "user.me", json!({})).await;
    assert_eq!(error.kind(), Some(ErrorCode::Unauthenticated));
    let again = must(&house.user(1), "user.deactivate", params).await;
    assert_eq!(again, gone, "once is enough");
    let listed = must(
        &house.user(1),
        "channel.members",
        json!({ "channel_id": 1 }),
    )
    .await;
    assert_eq!(listed["members"].as_array().map(Vec::len), Some(3));
    let house = house.restart().await;
    assert!(call(&house.user(2), "user.me", json!({})).await.is_err());
}

#[tokio::test]
async fn preferences_merge_and_are_told_to_the_user_alone() {
    let house = House::with_channel(2).await;
    assert_eq!(
        preferences(&house, 1).await,
        json!({ "values": {}, "revision": 1 })
    );
    let (mut link, _) = Link::open(&house, "g", None).await;
    prefer(
        &house,
        1,
        json!({ "theme": "dark", "panes": { "left": 1, "right": 2 } }),
    )
    .await;
    let merged = prefer(&house, 1, json!({ "theme": null, "panes": { "left": 3 } })).await;
    let expected = json!({ "values": { "panes": { "left": 3, "right": 2 } }, "revision": 3 });
    assert_eq!(merged, expected);
    prefer(&house, 1, json!({ "theme": null })).await;
    assert_eq!(preferences(&house, 1).await, expected);
    assert_eq!(preferences(&house, 2).await["values"], json!({}));
    let heard = link.so_far(&house).await;
    assert_eq!((heard.len(), &heard[1].to), (2, &vec![1]));
    assert_eq!(heard[1].data(), &json!({ "preferences": expected }));
}

#[tokio::test]
async fn preferences_are_bounded_in_bytes_and_depth() {
    let house = House::of(1).await;
    let nested = |levels: usize| {
        let innermost = json!({});
        (1..levels).fold(innermost, |inner, _| json!({ "a": inner }))
    };
    let fill = |bytes: usize| json!({ "a": "x".repeat(bytes - r#"{"a":""}"#.len()) });
    for (fits, over) in [
        (nested(32), nested(33)),
        (fill(16 << 10), fill((16 << 10) + 1)),
    ] {
        let params = json!({ "values": over });
        let error = refused(&house.user(1), "user.set_preferences", params).await;
        assert_eq!(error.kind(), Some(ErrorCode::TooLarge), "{error}");
        prefer(&house, 1, fits).await;
        prefer(&house, 1, json!({ "a": null })).await;
    }
}

/// Row 37 of the known bugs.
#[tokio::test]
async fn two_tabs_agree_on_preferences_and_mutes_whichever_of_them_set_them() {
    let house = House::with_channel(1).await;
    let set = async |tab: i64| {
        prefer(&house, 1, json!({ "by": tab, "scale": 0.1 * 3.0 })).await;
        let params = json!({ "channel_id": 1, "muted": tab == 1 });
        must(&house.user(1), "channel.set_notify", params).await;
    };
    let (mut link, _) = Link::open(&house, "g", None).await;
    tokio::join!(set(1), set(2));
    let heard = link.so_far(&house).await;
    let last = |kind: &str| {
        let last = heard.iter().rfind(|heard| heard.kind() == kind);
        last.map(|heard| heard.data().clone()).unwrap_or_default()
    };
    let snapshot = must(&house.user(1), "state.snapshot", json!({})).await;
    assert_eq!(
        last("user.preferences_updated")["preferences"],
        snapshot["preferences"]
    );
    if let Some(told) = last("channel.notify_updated").get("notify") {
        assert_eq!(told, &snapshot["notify"][0]);
    }
}

#[tokio::test]
async fn an_owner_hands_over_first_and_nobody_takes_in_who_is_deactivated() {
    let house = House::with_channel(3).await;
    let one = house.user(1);
    let mine = must(&house.user(2), "workspace.create", json!({ "name": "own" })).await;
    let error = refused(&one, "user.deactivate", json!({ "user_id": 2 })).await;
    assert_eq!(error.data["existing"], "owner");
    let id = &mine["workspace"]["id"];
    must(
        &house.user(2),
        "workspace.delete",
        json!({ "workspace_id": id }),
    )
    .await;
    must(&one, "user.deactivate", json!({ "user_id": 2 })).await;
    let new = must(&one, "workspace.create", json!({ "name": "new" })).await;
    let params = json!({ "workspace_id": new["workspace"]["id"], "user_id": 2 });
    let error = refused(&one, "workspace.add_member", params).await;
    assert_eq!(error.data["existing"], "deactivated");
    let hand_over = json!({ "workspace_id": 1, "user_id": 2, "role": "owner" });
    let error = refused(&one, "workspace.set_role", hand_over).await;
    assert_eq!(error.data["existing"], "deactivated");
}
