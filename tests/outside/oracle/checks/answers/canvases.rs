//! Canvases and what they were.

use antiphon_api::ErrorCode;
use serde_json::{Value, json};

use super::{Answer, Asked, Expected, Query, page::List};

pub(super) const QUERIES: &[Query] = &[
    Query {
        method: "canvas.get",
        expected: |asked| Ok(Answer::Is(json!({ "canvas": one(asked)? }))),
    },
    Query {
        method: "canvas.list",
        expected: list,
    },
    Query {
        method: "canvas.history",
        expected: history,
    },
];

const CANVAS: &str = "'id', id, 'channel_id', channel_id, 'title', title,
    'created_by', created_by, 'created_at', created_at, 'updated_by', updated_by,
    'updated_at', updated_at, 'deleted_at', deleted_at, 'revision', revision";

fn one(asked: &Asked<'_>) -> Result<Value, ErrorCode> {
    let statement =
        format!("SELECT json_object({CANVAS}, 'content', json(content)) FROM canvas WHERE id = ?1");
    let canvas = asked.rows(&statement, [asked.id("canvas_id")]).pop();
    canvas
        .filter(|canvas| asked.reads(canvas))
        .ok_or(ErrorCode::NotFound)
}

fn list<'a>(asked: &Asked<'a>) -> Expected<'a> {
    let channel = asked.joined()?["id"].as_i64();
    let with_deleted = asked.params["include_deleted"] == true;
    let statement = format!(
        "SELECT json_object({CANVAS}) FROM canvas
         WHERE channel_id = ?1 AND (?2 OR deleted_at IS NULL) ORDER BY id"
    );
    let canvases = asked.rows(&statement, (channel, with_deleted));
    Ok(Answer::List(List::rising("canvases", "id", canvases)))
}

fn history<'a>(asked: &Asked<'a>) -> Expected<'a> {
    let statement = "SELECT json_object(
             'revision', revision, 'title', title, 'content', json(content),
             'updated_by', updated_by, 'updated_at', updated_at)
         FROM canvas_revision WHERE canvas_id = ?1 ORDER BY revision DESC";
    let revisions = asked.rows(statement, [one(asked)?["id"].as_i64()]);
    let list = List::falling("revisions", "revision", revisions);
    Ok(Answer::List(list.behind("before_revision")))
}
