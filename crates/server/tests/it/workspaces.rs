//! Workspaces: names, roles, what roles may do, and the end.

use antiphon_api::{ErrorCode, RpcError};
use serde_json::{Value, json};

use crate::support::{House, Link, call, must, refused, soon};

async fn set_role(house: &House, caller: i64, user: i64, role: &str) -> Result<Value, RpcError> {
    let params = json!({ "workspace_id": 1, "user_id": user, "role": role });
    call(&house.user(caller), "workspace.set_role", params).await
}

async fn allow(
    house: &House,
    caller: i64,
    role: &str,
    permissions: &[&str],
) -> Result<Value, RpcError> {
    let params = json!({ "workspace_id": 1, "role": role, "permissions": permissions });
    call(&house.user(caller), "workspace.set_permissions", params).await
}

#[tokio::test]
async fn what_a_workspace_decides_about_a_role_holds_at_once_and_is_told() {
    let house = House::with_channel(3).await;
    let create = || json!({ "workspace_id": 1, "kind": "public", "name": "x" });
    let (mut link, _) = Link::open(&house, "g", None).await;
    let given = ["message:send", "channel:archive", "message:send"];
    let decided = allow(&house, 1, "member", &given)
        .await
        .expect("is decided");
    let workspace = &decided["workspace"];
    let sorted = json!(["channel:archive", "message:send"]);
    assert_eq!(
        (&workspace["permissions"]["member"], &workspace["revision"]),
        (&sorted, &json!(2))
    );
    allow(&house, 1, "member", &["channel:archive", "message:send"])
        .await
        .expect("no change");

    let error = refused(&house.user(2), "channel.create", create()).await;
    assert_eq!(error.data["permission"], "channel:create");
    must(
        &house.user(2),
        "channel.archive",
        json!({ "channel_id": 1 }),
    )
    .await;
    let heard = link.so_far(&house).await;
    let told: Vec<&str> = heard.iter().map(|heard| heard.kind()).collect();
    assert_eq!(told, ["workspace.updated", "channel.removed"]);
    assert_eq!(
        (&heard[0].data()["workspace"], &heard[0].to),
        (workspace, &vec![1, 2, 3])
    );
}

#[tokio::test]
async fn the_permission_to_join_decides_whether_public_channels_are_seen() {
    let house = House::with_channel(2).await;
    must(&house.user(2), "channel.leave", json!({ "channel_id": 1 })).await;
    set_role(&house, 1, 2, "guest")
        .await
        .expect("becomes a guest");
    let listed = async || {
        let params = json!({ "workspace_id": 1 });
        let listed = must(&house.user(2), "channel.list", params).await;
        listed["channels"].as_array().map(Vec::len)
    };
    assert_eq!(listed().await, Some(0));
    let error = refused(&house.user(2), "channel.join", json!({ "channel_id": 1 })).await;
    assert_eq!(error.kind(), Some(ErrorCode::NotFound));
    allow(&house, 1, "guest", &["channel:join"])
        .await
        .expect("is decided");
    assert_eq!(listed().await, Some(1));
    must(&house.user(2), "channel.join", json!({ "channel_id": 1 })).await;
    allow(&house, 1, "guest", &[]).await.expect("is decided");
    assert_eq!(listed().await, Some(1), "what one is in one sees");
}

#[tokio::test]
async fn nobody_decides_about_their_own_role_or_gives_what_they_do_not_have() {
    let house = House::with_channel(2).await;
    set_role(&house, 1, 2, "admin")
        .await
        .expect("becomes an admin");
    allow(
        &house,
        1,
        "admin",
        &["workspace:set_permissions", "message:pin"],
    )
    .await
    .expect("decided");
    let pins = allow(&house, 2, "guest", &["message:pin"]).await;
    assert_eq!(
        pins.expect("is decided")["workspace"]["permissions"]["guest"],
        json!(["message:pin"])
    );
    for (role, permissions) in [("guest", ["workspace:delete"]), ("admin", ["message:pin"])] {
        let error = allow(&house, 2, role, &permissions)
            .await
            .expect_err("is refused");
        assert_eq!(
            error.data["permission"], "workspace:set_permissions",
            "{role}"
        );
    }
    for (role, permission) in [("owner", "message:pin"), ("guest", "message:fly")] {
        let error = allow(&house, 1, role, &[permission])
            .await
            .expect_err("is refused");
        assert_eq!(
            error.kind(),
            Some(ErrorCode::InvalidParams),
            "{role} {permission}"
        );
    }
}

#[tokio::test]
async fn nobody_gives_a_role_above_their_own_or_takes_one() {
    let house = House::with_channel(5).await;
    set_role(&house, 1, 2, "admin")
        .await
        .expect("becomes an admin");
    let given = [
        "workspace:set_role",
        "workspace:add_member",
        "workspace:remove_member",
    ];
    allow(&house, 1, "member", &given)
        .await
        .expect("is decided");
    set_role(&house, 3, 4, "guest").await.expect("a lower role");
    for (user, role) in [
        (4, "admin"),
        (3, "admin"),
        (2, "guest"),
        (4, "owner"),
        (1, "member"),
    ] {
        let error = set_role(&house, 3, user, role)
            .await
            .expect_err("is refused");
        assert_eq!(
            error.data["permission"], "workspace:set_role",
            "{user} {role}"
        );
    }
    let remove = json!({ "workspace_id": 1, "user_id": 2 });
    let error = refused(&house.user(3), "workspace.remove_member", remove).await;
    assert_eq!(error.kind(), Some(ErrorCode::Forbidden));
    must(&house.operator(), "user.create", json!({ "name": "u6" })).await;
    let add = json!({ "workspace_id": 1, "user_id": 6, "role": "admin" });
    let error = refused(&house.user(3), "workspace.add_member", add).await;
    assert_eq!(error.data["permission"], "workspace:add_member");
}

#[tokio::test]
async fn who_draws_somebody_into_a_workspace_has_met_them_in_one_or_administers_the_instance() {
    let house = House::with_channel(3).await;
    must(&house.operator(), "user.create", json!({ "name": "u4" })).await;
    must(&house.user(2), "workspace.create", json!({ "name": "own" })).await;
    let member = |workspace: i64, user: i64| json!({ "workspace_id": workspace, "user_id": user });
    let stranger = async |user: i64| {
        let error = refused(&house.user(2), "workspace.add_member", member(2, user)).await;
        assert_eq!(error.kind(), Some(ErrorCode::NotFound));
        assert_eq!(
            (&error.data["entity"], &error.data["id"]),
            (&json!("user"), &json!(user))
        );
        error.message.replace(&user.to_string(), "ID")
    };
    assert_eq!(stranger(4).await, stranger(999).await);
    must(&house.user(2), "workspace.add_member", member(2, 3)).await;
    must(&house.user(1), "workspace.add_member", member(1, 4)).await;
    must(&house.user(2), "workspace.add_member", member(2, 4)).await;
    for workspace in [1, 2] {
        let leaves = member(workspace, 3);
        must(&house.user(3), "workspace.remove_member", leaves).await;
    }
    stranger(3).await;
}

#[tokio::test]
async fn who_hears_that_somebody_came_back_learns_what_they_are_called_meanwhile() {
    let house = House::with_channel(2).await;
    let member = || json!({ "workspace_id": 1, "user_id": 2 });
    must(&house.user(1), "workspace.remove_member", member()).await;
    let renamed = must(
        &house.user(2),
        "user.update",
        json!({ "display_name": "New" }),
    )
    .await;
    let (mut link, _) = Link::open(&house, "g", None).await;
    must(&house.user(1), "workspace.add_member", member()).await;
    let heard = link.so_far(&house).await;
    let joined = heard
        .iter()
        .find(|one| one.kind() == "workspace.member_joined");
    let joined = joined.expect("is told");
    let expected = json!({
        "workspace_id": 1, "user_id": 2, "role": "member", "user": renamed["user"],
    });
    assert_eq!((joined.data(), &joined.to), (&expected, &vec![1, 2]));
}

#[tokio::test]
async fn handing_a_workspace_over_makes_the_former_owner_an_admin_and_tells_everybody() {
    let house = House::with_channel(3).await;
    let (mut link, _) = Link::open(&house, "g", None).await;
    set_role(&house, 1, 2, "owner")
        .await
        .expect("is handed over");
    let heard = link.so_far(&house).await;
    let told: Vec<(&str, &Value, &Value)> = heard
        .iter()
        .map(|heard| {
            (
                heard.kind(),
                &heard.data()["user_id"],
                &heard.data()["role"],
            )
        })
        .collect();
    let updated = "workspace.member_updated";
    let expected = [
        (updated, &json!(1), &json!("admin")),
        (updated, &json!(2), &json!("owner")),
        ("workspace.updated", &Value::Null, &Value::Null),
    ];
    assert_eq!(told, expected);
    assert_eq!(heard[2].data()["workspace"]["owner_id"], 2);
    let error = set_role(&house, 1, 3, "owner")
        .await
        .expect_err("no longer the owner");
    assert_eq!(error.kind(), Some(ErrorCode::Forbidden));
    must(
        &house.operator(),
        "user.deactivate",
        json!({ "user_id": 3 }),
    )
    .await;
    let error = set_role(&house, 2, 3, "owner")
        .await
        .expect_err("is deactivated");
    assert_eq!(error.kind(), Some(ErrorCode::Conflict));
}

#[tokio::test]
async fn a_deleted_workspace_is_one_event_for_its_members_and_then_nothing() {
    let house = House::with_channel(3).await;
    let dm = json!({ "workspace_id": 1, "kind": "dm", "peer_ids": [2] });
    must(&house.user(1), "channel.create", dm).await;
    let other = json!({ "workspace_id": 1, "kind": "public", "name": "old" });
    must(&house.user(1), "channel.create", other).await;
    must(
        &house.user(1),
        "channel.archive",
        json!({ "channel_id": 3 }),
    )
    .await;
    allow(&house, 1, "guest", &[]).await.expect("is decided");
    let params = json!({ "channel_id": 1, "body": "x" });
    must(&house.user(1), "message.send", params).await;
    let (mut link, _) = Link::open(&house, "g", None).await;

    must(
        &house.user(1),
        "workspace.delete",
        json!({ "workspace_id": 1 }),
    )
    .await;
    let heard = link.so_far(&house).await;
    let data = json!({ "workspace_id": 1, "reason": "deleted" });
    assert_eq!((heard.len(), heard[0].kind()), (1, "workspace.removed"));
    assert_eq!((heard[0].data(), &heard[0].to), (&data, &vec![1, 2, 3]));
    for user in 1..=3 {
        let snapshot = must(&house.user(user), "state.snapshot", json!({})).await;
        for part in ["workspaces", "channels", "reads", "roles", "notify"] {
            assert_eq!(snapshot[part], json!([]), "{part} of {user}");
        }
    }
    let error = refused(
        &house.user(1),
        "workspace.get",
        json!({ "workspace_id": 1 }),
    )
    .await;
    assert_eq!(error.kind(), Some(ErrorCode::NotFound));

    let house = house.restart().await;
    let rows = |table: &str| -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        let count = house.database().query_row(&sql, [], |row| row.get(0));
        count.expect("reads")
    };
    soon("the workspace's rows to go", async {
        while rows("workspace") > 0 {
            must(&house.operator(), "server.health", json!({})).await;
        }
    })
    .await;
    for table in [
        "channel",
        "message",
        "read_cursor",
        "archived_member",
        "role_permissions",
    ] {
        assert_eq!(rows(table), 0, "{table}");
    }
}
