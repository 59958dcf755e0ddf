use serde_json::json;

use super::{ACQUAINTANCE, GUEST, OWNER, ROLES, check, check_by};

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
            json!({ "workspace_id": 1, "user_id": ACQUAINTANCE }),
            "u++ffn",
        ),
        (
            "workspace.add_member",
            json!({ "workspace_id": 1, "user_id": 1 }),
            "unnffn",
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
            ("workspace.add_member", role(ACQUAINTANCE, "guest"), "++ffn"),
            ("workspace.add_member", role(6, "guest"), "nnffn"),
            ("workspace.remove_member", remove, "++f+n"),
            ("workspace.set_role", role(7, "admin"), "++ffn"),
            ("workspace.set_permissions", allow, "+fffn"),
        ],
    )
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
