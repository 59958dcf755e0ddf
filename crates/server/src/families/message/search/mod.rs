//! Search: the newest messages with the words, in the channels the caller is in.
//!
//! Matches are looked at from the newest on, [`MAX_LOOKED_AT`] in one call: with a common word and
//! a caller in few channels a page may be short, or empty, and still say where the next begins.

mod query;
mod snippet;

use std::collections::BTreeSet;

use antiphon_api::{
    ids::{ChannelId, MessageId, UserId},
    methods::message::{MAX_LIST_BYTES, SearchParams, SearchResult},
};
use antiphon_store::{log, membership};
use rusqlite::{Connection, params};

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

/// The most matches that one call looks at, whoever may read them.
const MAX_LOOKED_AT: usize = 20_000;

const FIND: &str = "SELECT message.id, channel_id, author_id
     FROM message_text CROSS JOIN message ON message.id = message_text.rowid
     WHERE message_text MATCH ?1 AND message_text.rowid < ?2
     ORDER BY message_text.rowid DESC";

pub(super) fn search(look: &mut Look<'_>, params: SearchParams) -> Result<SearchResult, Failure> {
    let limit = limit_of(params.limit)?;
    let expression = query::expression(&params.query)?;
    let places = places(look, &params)?;
    let Found { ids, mut next } = find(look, &expression, &places, &params, limit)?;
    let messages = ids.iter().map(|id| load(look, *id));
    let (messages, is_cut) = up_to(limit, MAX_LIST_BYTES, messages, weight)?;
    if is_cut {
        next = messages.last().map(|message| message.id);
    }
    Ok(SearchResult {
        hits: snippet::hits(look, &expression, messages)?,
        has_more: next.is_some(),
        next_before_id: next,
        pos: log::head(look)?,
    })
}

/// The channels to look in, all of which the caller is in.
fn places(look: &Look<'_>, params: &SearchParams) -> Result<BTreeSet<ChannelId>, Failure> {
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

struct Found {
    /// The newest first.
    ids: Vec<MessageId>,
    /// What the next page is before, if there may be one.
    next: Option<MessageId>,
}

fn find(
    db: &Connection,
    expression: &str,
    places: &BTreeSet<ChannelId>,
    params: &SearchParams,
    limit: usize,
) -> Result<Found, rusqlite::Error> {
    let mut statement = db.prepare_cached(FIND)?;
    let before = params.before_id.map_or(i64::MAX, MessageId::get);
    let rows = statement.query_map(params![expression, before], |row| {
        let place = (ChannelId(row.get(1)?), UserId(row.get(2)?));
        Ok((MessageId(row.get(0)?), place))
    })?;
    let (mut ids, mut last) = (Vec::new(), None);
    for (looked_at, row) in rows.enumerate() {
        let (id, (channel_id, author)) = row?;
        if ids.len() == limit || looked_at == MAX_LOOKED_AT {
            return Ok(Found { ids, next: last });
        }
        last = Some(id);
        if places.contains(&channel_id) && params.author_id.is_none_or(|only| only == author) {
            ids.push(id);
        }
    }
    Ok(Found { ids, next: None })
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
            .query_map(("x", 1), |row| row.get(3))
            .and_then(Iterator::collect)
            .expect("explains");
        assert_eq!(plan.len(), 2, "{plan:#?}");
        assert!(plan[0].contains("message_text VIRTUAL TABLE"), "{plan:#?}");
        assert!(plan[1].contains("INTEGER PRIMARY KEY"), "{plan:#?}");
    }
}
