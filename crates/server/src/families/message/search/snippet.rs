//! What is shown of a message that was found.

use std::collections::{BTreeMap, BTreeSet};

use antiphon_api::{
    entities::Message,
    ids::MessageId,
    methods::message::{Hit, SnippetPart},
};
use rusqlite::{Connection, params};

/// How many words around what was found are shown, at most 64.
const WORDS: usize = 24;

/// What was found is marked with one of these. There are more of them than a page of bodies has
/// room for, so that one is always free.
const MARKS: std::ops::RangeInclusive<char> = '\u{20000}'..=char::MAX;

/// Each message with its snippet. The words are looked for once for all of them, because finding
/// all words with some beginning is what a search costs.
pub(super) fn hits(
    db: &Connection,
    expression: &str,
    messages: Vec<Message>,
) -> Result<Vec<Hit>, rusqlite::Error> {
    let (Some(newest), Some(oldest)) = (messages.first(), messages.last()) else {
        return Ok(Vec::new());
    };
    let mark = unused(&messages);
    let ids: Vec<String> = messages.iter().map(|one| one.id.to_string()).collect();
    let mut snippets: BTreeMap<MessageId, Vec<SnippetPart>> = db
        .prepare_cached(
            "SELECT rowid, snippet(message_text, 0, ?2, ?2, '…', ?3) FROM message_text
             WHERE message_text MATCH ?1 AND rowid BETWEEN ?4 AND ?5
               AND +rowid IN (SELECT value FROM json_each(?6))",
        )?
        .query_map(
            params![
                expression,
                mark.to_string(),
                WORDS,
                oldest.id.get(),
                newest.id.get(),
                format!("[{}]", ids.join(","))
            ],
            |row| {
                let marked = row.get_ref(1)?.as_str()?;
                Ok((MessageId(row.get(0)?), parts(marked, mark)))
            },
        )?
        .collect::<Result<_, _>>()?;
    let hits = messages.into_iter().map(|message| Hit {
        snippet: snippets.remove(&message.id).unwrap_or_default(),
        message,
    });
    Ok(hits.collect())
}

fn parts(marked: &str, mark: char) -> Vec<SnippetPart> {
    let parts = marked.split(mark).enumerate();
    parts
        .map(|(index, text)| SnippetPart {
            text: text.to_owned(),
            hit: index % 2 == 1,
        })
        .filter(|part| !part.text.is_empty())
        .collect()
}

/// A mark that no body holds.
fn unused(messages: &[Message]) -> char {
    let bodies = messages.iter().flat_map(|message| message.body.chars());
    let used: BTreeSet<char> = bodies.filter(|char| MARKS.contains(char)).collect();
    MARKS
        .rev()
        .find(|mark| !used.contains(mark))
        .unwrap_or(char::REPLACEMENT_CHARACTER)
}
