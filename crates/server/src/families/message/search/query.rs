//! What somebody looks for, as an FTS5 expression made of quoted strings alone: nothing that was
//! typed is ever syntax.

use std::collections::HashSet;

use antiphon_api::{
    RpcError,
    ids::{ChannelId, UserId},
    methods::message::{MAX_QUERY_CHARS, MAX_QUERY_TERMS},
};

/// A beginning shorter than this is that of too many words.
const MIN_PREFIX_CHARS: usize = 2;
/// Each is a merge of all words that begin so.
const MAX_PREFIXES: usize = 2;

/// A word, a phrase, or the beginning of a word.
#[derive(Debug, PartialEq, Eq)]
struct Term<'a> {
    text: &'a str,
    is_prefix: bool,
}

/// All terms of `query`, as FTS5 wants them.
pub(super) fn expression(query: &str) -> Result<String, RpcError> {
    let refused = |message: String| Err(RpcError::invalid_param("query", message));
    if query.chars().count() > MAX_QUERY_CHARS {
        return refused(format!("expected at most {MAX_QUERY_CHARS} characters"));
    }
    let terms = terms(query);
    if terms.is_empty() {
        return refused("name a word to look for".to_owned());
    }
    if terms.len() > MAX_QUERY_TERMS {
        return refused(format!(
            "expected at most {MAX_QUERY_TERMS} words and phrases"
        ));
    }
    let beginnings: Vec<_> = terms.iter().filter(|term| term.is_prefix).collect();
    if beginnings.len() > MAX_PREFIXES {
        return refused(format!("expected at most {MAX_PREFIXES} beginnings"));
    }
    if beginnings.iter().any(|term| is_short(term)) {
        return refused(format!(
            "a beginning has at least {MIN_PREFIX_CHARS} letters or digits"
        ));
    }
    Ok(terms.iter().map(quoted).collect::<Vec<_>>().join(" "))
}

/// What `words` finds in some of `places`, perhaps only of one author. `None` if there is no place.
pub(super) fn within(words: &str, places: &[ChannelId], author: Option<UserId>) -> Option<String> {
    let channels: Vec<_> = places.iter().map(|id| format!("c{id}")).collect();
    let author = author.map_or_else(String::new, |id| format!(" AND scope : a{id}"));
    (!channels.is_empty()).then(|| {
        let channels = channels.join(" OR ");
        format!("body : ({words}) AND scope : ({channels}){author}")
    })
}

/// Only the last word of `a-b*` is a beginning.
fn is_short(beginning: &Term<'_>) -> bool {
    let chars = beginning.text.chars().rev();
    chars.take_while(|char| char.is_alphanumeric()).count() < MIN_PREFIX_CHARS
}

fn quoted(term: &Term<'_>) -> String {
    let star = if term.is_prefix { "*" } else { "" };
    format!("\"{}\"{star}", term.text.replace('"', "\"\""))
}

/// Phrases stand between straight quotes; one that is not closed goes to the end.
fn terms(query: &str) -> Vec<Term<'_>> {
    let mut terms = Vec::new();
    for (index, part) in query.split('"').enumerate() {
        if index % 2 == 1 {
            let lines = part.split(char::is_control);
            terms.extend(lines.map(|text| Term {
                text,
                is_prefix: false,
            }));
        } else {
            terms.extend(part.split(is_between).map(word));
        }
    }
    let mut seen = HashSet::new();
    terms.retain(|term| {
        term.text.contains(char::is_alphanumeric)
            && seen.insert((term.text.to_lowercase(), term.is_prefix))
    });
    terms
}

fn is_between(char: char) -> bool {
    char.is_whitespace() || char.is_control()
}

fn word(text: &str) -> Term<'_> {
    match text.strip_suffix('*') {
        Some(text) => Term {
            text,
            is_prefix: true,
        },
        None => Term {
            text,
            is_prefix: false,
        },
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use antiphon_api::ids::{ChannelId, UserId};

    use super::{expression, within};

    fn made(query: &str) -> String {
        expression(query).expect("has a word")
    }

    #[test]
    fn words_phrases_and_beginnings_are_quoted() {
        assert_eq!(made(" big  cat "), r#""big" "cat""#);
        assert_eq!(made(r#""big cat" dog*"#), r#""big cat" "dog"*"#);
        assert_eq!(made(r#"say "big cat"#), r#""say" "big cat""#);
        assert_eq!(made("a-b NOT c:d (e)"), r#""a-b" "NOT" "c:d" "(e)""#);
        assert_eq!(made("a\0b\u{1}c"), r#""a" "b" "c""#);
    }

    #[test]
    fn what_is_said_twice_is_looked_for_once() {
        assert_eq!(made("cat Cat ca* CA* cat"), r#""cat" "ca"*"#);
        assert_eq!(made(&"x ".repeat(33)), r#""x""#);
    }

    #[test]
    fn a_beginning_is_the_last_word_and_has_two_letters_or_digits() {
        for query in ["-w*", ".a*", "(a*", "ab-c*", "w-*", "ab -w*", "é*", "a.*"] {
            assert!(expression(query).is_err(), "{query:?}");
        }
        for query in ["-wo*", "a-bc*", "42*", "éa*"] {
            assert!(expression(query).is_ok(), "{query:?}");
        }
        assert!(expression("aa* bb*").is_ok());
        assert!(expression("aa* bb* cc*").is_err());
    }

    #[test]
    fn a_query_without_a_word_or_with_too_much_is_refused() {
        let long = "x".repeat(257);
        let many: String = (0..33).map(|number| format!("{number} ")).collect();
        for query in ["", "  ", "!!! - *", r#""""#, "a*", "\0", &long, &many] {
            assert!(expression(query).is_err(), "{query:?}");
        }
    }

    #[test]
    fn nothing_that_is_typed_is_syntax() {
        let db = Connection::open_in_memory().expect("opens");
        let table = "CREATE VIRTUAL TABLE t USING fts5 (body, scope)";
        db.execute_batch(table).expect("is SQL");
        let mut find = db
            .prepare("SELECT 1 FROM t WHERE t MATCH ?1")
            .expect("is SQL");
        let pieces = [
            "\"", "*", "AND", "NEAR(", ")", "^", ":", "body", "-", "+", "\0", "é", " ", "{", "'",
            "𝄞",
        ];
        let mut state = 1_u64;
        for _ in 0..20_000 {
            let query: String = (0..8)
                .map(|_| {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    pieces[usize::try_from(state >> 60).unwrap_or(0)]
                })
                .collect();
            if let Ok(words) = expression(&query) {
                let expression = within(&words, &[ChannelId(1)], Some(UserId(1)));
                assert!(
                    find.exists([&expression]).is_ok(),
                    "{query:?} {expression:?}"
                );
            }
        }
    }
}
