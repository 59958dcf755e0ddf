//! Search: the newest messages with the words, in the channels the caller is in.
//!
//! The index holds the channel and the author of a message as words, too, and is asked for the
//! caller's channels. So nothing in an answer, `has_more` included, comes from a message the caller
//! may not read.

mod query;
mod snippet;

use antiphon_api::{
    ids::{ChannelId, MessageId},
    limits::MAX_LIST_BYTES,
    methods::message::{SearchParams, SearchResult},
};
use antiphon_store::{log, membership};
use rusqlite::Connection;

use super::{
    super::{
        channel,
        page::{limit_of, up_to},
        permission,
    },
    page::weight,
    row::load,
};
use crate::context::{Failure, Look};

const FIND: &str = "SELECT rowid FROM message_text
     WHERE message_text MATCH ?1 AND rowid < ?2
       AND EXISTS (SELECT 1 FROM present_message WHERE id = message_text.rowid)
     ORDER BY rowid DESC LIMIT ?3";

pub(super) fn search(look: &mut Look<'_>, params: SearchParams) -> Result<SearchResult, Failure> {
    let limit = limit_of(params.limit)?;
    let words = query::expression(&params.query)?;
    let places = places(look, &params)?;
    let expression = query::within(&words, &places, params.author_id);
    let found = match &expression {
        Some(expression) => find(look, expression, params.before_id, limit + 1)?,
        None => Vec::new(),
    };
    let messages = found.iter().map(|id| load(look, *id));
    let (messages, has_more) = up_to(limit, MAX_LIST_BYTES, messages, weight)?;
    let oldest = messages.last().map(|message| message.id);
    Ok(SearchResult {
        hits: snippet::hits(look, &expression.unwrap_or_default(), messages)?,
        has_more,
        next_before_id: oldest.filter(|_| has_more),
        pos: log::head(look)?,
    })
}

/// The channels to look in, all of which the caller is in.
fn places(look: &Look<'_>, params: &SearchParams) -> Result<Vec<ChannelId>, Failure> {
    let caller = look.caller.user()?;
    if let Some(id) = params.workspace_id {
        permission::visible(look, id, caller)?;
    }
    if let Some(id) = params.channel_id {
        channel::joined(look, id, caller)?;
    }
    let joined = match params.workspace_id {
        Some(id) => channel::joined_in(look, id, caller)?,
        None => membership::channels_of(look, caller)?,
    };
    let wanted = |id: &ChannelId| params.channel_id.is_none_or(|only| only == *id);
    Ok(joined.into_iter().filter(wanted).collect())
}

/// The newest first.
fn find(
    db: &Connection,
    expression: &str,
    before: Option<MessageId>,
    at_most: usize,
) -> Result<Vec<MessageId>, rusqlite::Error> {
    let before = before.map_or(i64::MAX, MessageId::get);
    db.prepare_cached(FIND)?
        .query_map((expression, before, at_most), |row| {
            row.get(0).map(MessageId)
        })?
        .collect()
}

#[cfg(test)]
mod tests {
    use super::FIND;
    use crate::families::empty_database;

    #[test]
    fn matches_come_from_the_index_the_newest_first_without_being_sorted() {
        let db = empty_database();
        let mut statement = db
            .prepare(&format!("EXPLAIN QUERY PLAN {FIND}"))
            .expect("is SQL");
        let plan: Vec<String> = statement
            .query_map(("x", 1, 1), |row| row.get(3))
            .and_then(Iterator::collect)
            .expect("explains");
        assert!(plan[0].contains("message_text VIRTUAL TABLE"), "{plan:#?}");
        let by_id = |step: &String| {
            step.contains("SUBQUERY") || step.contains("USING INTEGER PRIMARY KEY (rowid=?)")
        };
        assert!(plan[1..].iter().all(by_id), "{plan:#?}");
    }
}
