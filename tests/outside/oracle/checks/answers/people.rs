//! Users, members of workspaces, and who is there.

use antiphon_api::ErrorCode;
use serde_json::{Value, json};

use super::{Answer, Asked, Expected, Query, page::List};

pub(super) const QUERIES: &[Query] = &[
    Query {
        method: "user.get",
        expected: get,
    },
    Query {
        method: "user.list",
        expected: |asked| {
            let users = of_workspace(asked, USER)?;
            Ok(Answer::List(List::rising("users", "id", users)))
        },
    },
    Query {
        method: "workspace.members",
        expected: |asked| {
            let members = of_workspace(asked, MEMBER)?;
            Ok(Answer::List(List::rising("members", "user_id", members)))
        },
    },
    Query {
        method: "presence.list",
        expected: presence,
    },
];

const USER: &str = "'id', user.id, 'name', user.name, 'display_name', display_name,
    'external_id', external_id, 'created_at', created_at, 'deactivated_at', deactivated_at,
    'revision', user.revision";

const MEMBER: &str = "'workspace_id', scope_id, 'user_id', user_id, 'role', role";

/// Those whom the caller shares a workspace with, and the caller.
const COLLEAGUES: &str = "SELECT theirs.user_id
    FROM membership AS own JOIN membership AS theirs USING (kind, scope_id, to_pos)
    WHERE kind = 1 AND to_pos = 9223372036854775807 AND own.user_id = ?1
    UNION SELECT ?1";

fn of_workspace(asked: &Asked<'_>, fields: &str) -> Result<Vec<Value>, ErrorCode> {
    let workspace = asked.workspace()?["id"].as_i64();
    let statement = format!(
        "SELECT json_object({fields}) FROM membership JOIN user ON user.id = user_id
         WHERE kind = 1 AND scope_id = ?1 AND to_pos = 9223372036854775807 ORDER BY user_id"
    );
    Ok(asked.rows(&statement, [workspace]))
}

/// Colleagues, authors of what the caller reads, and for an administrator all.
fn get<'a>(asked: &Asked<'a>) -> Expected<'a> {
    let user = asked.id("user_id");
    let mut own = asked.messages.values().filter(|it| asked.reads(it));
    let has_written = own.any(|message| message["author_id"].as_i64() == user);
    let statement = format!(
        "SELECT json_object({USER}) FROM user
         WHERE id = ?2 AND (?3 OR id IN ({COLLEAGUES}) OR EXISTS (
             SELECT 1 FROM user WHERE id = ?1 AND administrator))"
    );
    let found = asked.rows(&statement, (asked.caller, user, has_written));
    let user = found.first().ok_or(ErrorCode::NotFound)?;
    Ok(Answer::Is(json!({ "user": user })))
}

/// What they say of themselves; and whoever says to be invisible is offline to others.
fn presence<'a>(asked: &Asked<'a>) -> Expected<'a> {
    let statement = format!(
        "SELECT json_object(
             'user_id', user.id, 'status_text', coalesce(text, ''), 'emoji', emoji,
             'state', iif(user.id <> ?1 AND state = 'invisible', 'offline', 'any'))
         FROM user LEFT JOIN status ON status.user_id = user.id
             LEFT JOIN presence_claim ON presence_claim.user_id = user.id
         WHERE user.id IN ({COLLEAGUES}) ORDER BY user.id"
    );
    let mut expected = asked.rows(&statement, [asked.caller]);
    if let Some(wanted) = asked.params["user_ids"].as_array() {
        expected.retain(|one| wanted.contains(&one["user_id"]));
    }
    let hidden = expected.iter().filter(|one| one["state"] == "offline");
    let hidden: Vec<Value> = hidden.map(|one| one["user_id"].clone()).collect();
    let part = move |one: &Value| {
        let is_hidden = hidden.contains(&one["user_id"]);
        let state = if is_hidden {
            &one["state"]
        } else {
            &json!("any")
        };
        json!({
            "user_id": one["user_id"], "status_text": one["status_text"], "emoji": one["emoji"],
            "state": state,
        })
    };
    let list = List::rising("presence", "user_id", expected);
    Ok(Answer::List(list.only(part)))
}
