//! Search, naively: the words of every body that the caller reads, one after the other.

use serde_json::Value;

use super::{Answer, Asked, Expected, Query, page::List};

pub(super) const QUERIES: &[Query] = &[Query {
    method: "message.search",
    expected: search,
}];

/// Words that stand one after the other; of the last a beginning is enough, perhaps.
struct Term {
    words: Vec<String>,
    is_beginning: bool,
}

fn search<'a>(asked: &Asked<'a>) -> Expected<'a> {
    if asked.id("workspace_id").is_some() {
        asked.workspace()?;
    }
    if asked.id("channel_id").is_some() {
        asked.joined()?;
    }
    let terms = terms(asked.params["query"].as_str().unwrap_or_default());
    let found = asked.messages.values().rev().filter(|message| {
        let words = words(message["body"].as_str().unwrap_or_default());
        is_wanted(asked, message) && terms.iter().all(|term| term.is_in(&words))
    });
    let hits = List::falling("hits", "id", found.cloned().collect());
    Ok(Answer::List(hits.only(|hit| hit["message"].clone())))
}

/// Whether the caller reads it and it is in the places and of the author asked for.
fn is_wanted(asked: &Asked<'_>, message: &Value) -> bool {
    let channel = asked.held("channels", "id", message["channel_id"].as_i64());
    let is =
        |name: &str, value: &Value| asked.params[name].is_null() || asked.params[name] == *value;
    channel.is_some_and(|channel| {
        is("workspace_id", &channel["workspace_id"])
            && is("channel_id", &channel["id"])
            && is("author_id", &message["author_id"])
    })
}

impl Term {
    fn is_in(&self, words: &[String]) -> bool {
        words.windows(self.words.len()).any(|part| {
            let (Some((last, before)), Some((wanted, earlier))) =
                (part.split_last(), self.words.split_last())
            else {
                return false;
            };
            let ends = *last == *wanted || self.is_beginning && last.starts_with(wanted);
            before == earlier && ends
        })
    }
}

fn terms(query: &str) -> Vec<Term> {
    let mut terms = Vec::new();
    for (index, part) in query.split('"').enumerate() {
        if index % 2 == 1 {
            terms.push((part, false));
        } else {
            terms.extend(
                part.split_whitespace()
                    .map(|word| (word, word.ends_with('*'))),
            );
        }
    }
    let terms = terms.into_iter().map(|(text, is_beginning)| Term {
        words: words(text),
        is_beginning,
    });
    terms.filter(|term| !term.words.is_empty()).collect()
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|char: char| !char.is_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}
