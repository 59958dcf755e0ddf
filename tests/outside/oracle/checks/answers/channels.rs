//! Channels, those of them that somebody could join, and who is in them.

use antiphon_api::ErrorCode;
use serde_json::{Value, json};

use super::{Answer, Asked, Expected, Query, page::List};

pub(super) const QUERIES: &[Query] = &[
    Query {
        method: "channel.get",
        expected: get,
    },
    Query {
        method: "channel.list",
        expected: |asked| {
            let workspace = asked.workspace()?["id"].as_i64();
            let channels = seen(asked, workspace, None);
            Ok(Answer::List(List::rising("channels", "id", channels)))
        },
    },
    Query {
        method: "channel.members",
        expected: members,
    },
];

/// What the caller is in, was in when it was archived, or could join.
const SEEN: &str = "SELECT json_object(
        'id', id, 'workspace_id', workspace_id, 'kind', kind, 'name', name, 'topic', topic,
        'archived_at', archived_at, 'revision', revision)
    FROM channel
    WHERE workspace_id = ?2 AND (?5 IS NULL OR id = ?5) AND deleted_at IS NULL AND (
        id IN (SELECT value FROM json_each(?3)) OR kind = 'public' AND ?4
        OR id IN (SELECT channel_id FROM archived_member WHERE user_id = ?1))
    ORDER BY id";

/// The channels of a workspace that the caller may see, or one of them.
fn seen(asked: &Asked<'_>, workspace: Option<i64>, only: Option<i64>) -> Vec<Value> {
    let own = asked.snapshot["channels"].as_array().expect("is a list");
    let ids: Vec<&Value> = own.iter().map(|channel| &channel["id"]).collect();
    let may_join = joins(asked, workspace);
    let values = (
        asked.caller,
        workspace,
        json!(ids).to_string(),
        may_join,
        only,
    );
    let mut seen = asked.rows(SEEN, values);
    for channel in &mut seen {
        let held = asked.held("channels", "id", channel["id"].as_i64());
        if let Some(held) = held {
            *channel = held.clone();
        }
        channel["is_member"] = held.is_some().into();
    }
    seen
}

/// Whether the caller's role may join the public channels of a workspace.
fn joins(asked: &Asked<'_>, workspace: Option<i64>) -> bool {
    let own = asked.held("roles", "workspace_id", workspace);
    let Some(role) = own.and_then(|own| own["role"].as_str()) else {
        return false;
    };
    let workspace = asked.held("workspaces", "id", workspace);
    let permissions = workspace.and_then(|workspace| workspace["permissions"][role].as_array());
    role == "owner" || permissions.is_some_and(|names| names.contains(&json!("channel:join")))
}

fn one(asked: &Asked<'_>, id: Option<i64>) -> Option<Value> {
    let statement = "SELECT CAST(workspace_id AS TEXT) FROM channel WHERE id = ?1";
    let workspace = asked.rows(statement, [id]).first()?.as_i64();
    asked.held("workspaces", "id", workspace)?;
    seen(asked, workspace, Some(id?)).pop()
}

/// Whether the caller is outside a channel and sees it.
pub(super) fn is_open(asked: &Asked<'_>, id: Option<i64>) -> bool {
    let found = one(asked, id);
    found.is_some_and(|channel| channel["archived_at"].is_null() && channel["is_member"] == false)
}

fn get<'a>(asked: &Asked<'a>) -> Expected<'a> {
    let mut channel = one(asked, asked.id("channel_id")).ok_or(ErrorCode::NotFound)?;
    let fields = channel.as_object_mut().expect("is an object");
    let is_member = fields.remove("is_member");
    let answer = json!({ "channel": channel, "is_member": is_member });
    Ok(Answer::Is(answer))
}

fn members<'a>(asked: &Asked<'a>) -> Expected<'a> {
    let channel = asked.id("channel_id");
    match asked.joined() {
        Ok(_) | Err(ErrorCode::Forbidden) => {}
        Err(code) => return Err(code),
    }
    let statement = "SELECT json_object('channel_id', scope_id, 'user_id', user_id)
         FROM membership
         WHERE kind = 2 AND scope_id = ?1 AND to_pos = 9223372036854775807 ORDER BY user_id";
    let members = asked.rows(statement, [channel]);
    Ok(Answer::List(List::rising("members", "user_id", members)))
}
