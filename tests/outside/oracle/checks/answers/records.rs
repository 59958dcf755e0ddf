//! Tokens and the log, which administrators see whole.

use antiphon_api::ErrorCode;
use serde_json::json;

use super::{Answer, Asked, Expected, Query, page::List};

pub(super) const QUERIES: &[Query] = &[
    Query {
        method: "token.list",
        expected: tokens,
    },
    Query {
        method: "events.list",
        expected: events,
    },
];

fn tokens<'a>(asked: &Asked<'a>) -> Expected<'a> {
    let user = asked.id("user_id").unwrap_or(asked.caller);
    if user != asked.caller {
        require_administrator(asked)?;
    }
    let statement = "SELECT json_object(
             'jti', jti, 'user_id', user_id, 'kind', kind, 'scope', scope, 'issued_at', issued_at,
             'expires_at', expires_at, 'revoked_at', revoked_at)
         FROM token WHERE user_id = ?1 ORDER BY issued_at DESC, jti";
    let tokens = asked.rows(statement, [user]);
    Ok(Answer::Is(json!({ "tokens": tokens })))
}

fn events<'a>(asked: &Asked<'a>) -> Expected<'a> {
    require_administrator(asked)?;
    let statement = "SELECT json_object('pos', pos, 'event', json(event)) FROM log
         WHERE event <> 'null' AND (?1 IS NULL OR event ->> 'type' = ?1) ORDER BY pos";
    let events = asked.rows(statement, [asked.params["type"].as_str()]);
    let list = List::rising("events", "pos", events);
    Ok(Answer::List(list.behind("after")))
}

fn require_administrator(asked: &Asked<'_>) -> Result<(), ErrorCode> {
    let statement = "SELECT 'true' FROM user WHERE id = ?1 AND administrator";
    let found = asked.rows(statement, [asked.caller]);
    found.first().map(|_| ()).ok_or(ErrorCode::Forbidden)
}
