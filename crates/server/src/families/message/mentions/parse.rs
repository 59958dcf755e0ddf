//! Whom a body addresses, as far as the text alone says it.
//!
//! An `@` begins a mention unless it follows what an e-mail address or another word is made of, or
//! stands in code: between runs of as many backticks within a paragraph, or in a fenced block.
//! What follows is a word of the characters names are made of. Since names may hold `.`, `-` and
//! `_`, and sentences end in them, `@ada.` may be the name `ada.` or else `ada`.

use std::ops::Range;

use antiphon_api::limits::MAX_NAME_CHARS;

/// What names hold besides letters and digits.
const MARKS: &str = "-_.";

/// Whom a body addresses.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Addressed<'a> {
    /// What follows each `@`, in order, once for each time it is said.
    pub(super) words: Vec<&'a str>,
    /// Whether `@channel` is among them; it is not in `words`.
    pub(super) channel: bool,
    /// Whether `@here` is among them; it is not in `words`.
    pub(super) here: bool,
}

pub(super) fn addressed(body: &str) -> Addressed<'_> {
    let mut addressed = Addressed::default();
    let texts = paragraphs(body).into_iter().flat_map(without_code);
    for word in texts.flat_map(words) {
        match word.trim_end_matches(is_mark) {
            "channel" => addressed.channel = true,
            "here" => addressed.here = true,
            _ => addressed.words.push(word),
        }
    }
    addressed
}

/// The names that a word may begin with, the longest first.
pub(super) fn names(word: &str) -> impl Iterator<Item = &str> {
    let marks = word.char_indices().rev().filter(|(_, char)| is_mark(*char));
    let ends = std::iter::once(word.len()).chain(marks.map(|(at, _)| at));
    ends.map(|end| &word[..end])
        .filter(|name| !name.is_empty() && name.chars().nth(MAX_NAME_CHARS).is_none())
}

fn is_mark(char: char) -> bool {
    MARKS.contains(char)
}

fn is_of_name(char: char) -> bool {
    char.is_alphanumeric() || is_mark(char)
}

/// Whether an e-mail address can have this right before its `@`.
fn ends_local_part(char: char) -> bool {
    char.is_alphanumeric() || "-_+%@".contains(char)
}

/// What follows each `@` that begins a mention.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('@').filter_map(|(at, _)| {
        let before = text[..at].chars().next_back();
        let rest = &text[at + 1..];
        let end = rest.find(|char| !is_of_name(char)).unwrap_or(rest.len());
        (end > 0 && !before.is_some_and(ends_local_part)).then_some(&rest[..end])
    })
}

/// The lines outside fenced blocks, as far as no blank one parts them.
fn paragraphs(body: &str) -> Vec<&str> {
    let (mut paragraphs, mut fence, mut from, mut at) = (Vec::new(), None, None, 0);
    for line in body.split_inclusive('\n') {
        let is_text = match fence {
            None => {
                fence = Fence::opened_by(line);
                fence.is_none() && !line.trim().is_empty()
            }
            Some(open) => {
                fence = Some(open).filter(|open| !open.is_closed_by(line));
                false
            }
        };
        if is_text {
            from = from.or(Some(at));
        } else if let Some(from) = from.take() {
            paragraphs.push(&body[from..at]);
        }
        at += line.len();
    }
    paragraphs.extend(from.map(|from| &body[from..]));
    paragraphs
}

/// The line of backticks or tildes that a block of code begins with. One without an end goes to the
/// end of the body.
#[derive(Clone, Copy)]
struct Fence {
    of: char,
    length: usize,
}

impl Fence {
    fn opened_by(line: &str) -> Option<Self> {
        let line = line.trim_start_matches(' ');
        let of = line.chars().next().filter(|char| "`~".contains(*char))?;
        let after = line.trim_start_matches(of);
        let length = line.len() - after.len();
        let is_span = of == '`' && after.contains('`');
        (length >= 3 && !is_span).then_some(Self { of, length })
    }

    fn is_closed_by(self, line: &str) -> bool {
        let line = line.trim();
        line.len() >= self.length && line.trim_start_matches(self.of).is_empty()
    }
}

/// What of a paragraph is not in code spans.
fn without_code(paragraph: &str) -> Vec<&str> {
    let (mut pieces, mut from, mut at) = (Vec::new(), 0, 0);
    while let Some(open) = backticks(paragraph, at) {
        at = open.end;
        if let Some(close) = closing(paragraph, &open) {
            pieces.push(&paragraph[from..open.start]);
            (from, at) = (close.end, close.end);
        }
    }
    pieces.push(&paragraph[from..]);
    pieces
}

/// The next run of backticks.
fn backticks(text: &str, after: usize) -> Option<Range<usize>> {
    let start = after + text[after..].find('`')?;
    let length = text[start..].find(|char| char != '`');
    Some(start..length.map_or(text.len(), |length| start + length))
}

/// The next run as long as `open`.
fn closing(text: &str, open: &Range<usize>) -> Option<Range<usize>> {
    let next = |run: &Range<usize>| backticks(text, run.end);
    std::iter::successors(next(open), next).find(|run| run.len() == open.len())
}

#[cfg(test)]
mod tests {
    use super::{Addressed, addressed, names};

    fn words(body: &str) -> Vec<&str> {
        addressed(body).words
    }

    #[test]
    fn an_at_sign_and_a_word_is_a_mention() {
        assert_eq!(words("@ada"), ["ada"]);
        assert_eq!(words("hi @ada, (@ben)!\n@cleo's"), ["ada", "ben", "cleo"]);
        assert_eq!(words("Thanks.@ada"), ["ada"]);
        assert_eq!(words("@Ünal @数学 @o.b-c_d"), ["Ünal", "数学", "o.b-c_d"]);
        assert_eq!(words("@ada @ada"), ["ada", "ada"]);
    }

    #[test]
    fn a_lone_at_sign_and_an_address_are_none() {
        for body in [
            "@",
            "a @ b",
            "@@",
            "ada@example.org",
            "a.b+c@ada",
            "x_@ada",
            "@@ada",
            "é@ada",
        ] {
            assert_eq!(words(body), [""; 0], "{body}");
        }
        assert_eq!(words("@ada@example.org"), ["ada"]);
    }

    #[test]
    fn code_mentions_nobody() {
        for body in [
            "`@ada`",
            "``a ` @ada``",
            "a `b\n@ada`",
            "```\n@ada\n```",
            "  ```rust\n@ada\n\n@ada",
            "~~~\n@ada\n```\n@ada\n~~~",
            "````\n```\n@ada\n````",
        ] {
            assert_eq!(words(body), [""; 0], "{body}");
        }
    }

    #[test]
    fn what_only_looks_like_code_mentions() {
        for body in [
            "`@ada",
            "a ` b\n\nc ` @ada",
            "``@ada`",
            "```\nx\n```\n@ada",
            "```x``` @ada",
            "~~~\n~~~~\n@ada",
            "`x`@ada",
        ] {
            assert_eq!(words(body), ["ada"], "{body}");
        }
    }

    #[test]
    fn channel_and_here_are_words_of_their_own() {
        let channel = Addressed {
            channel: true,
            ..Addressed::default()
        };
        let here = Addressed {
            here: true,
            ..Addressed::default()
        };
        assert_eq!(addressed("@channel: lunch"), channel);
        assert_eq!(addressed("lunch, @here."), here);
        assert_eq!(addressed("`@channel` a@here"), Addressed::default());
        assert_eq!(
            words("@channels @here-after @Channel"),
            ["channels", "here-after", "Channel"]
        );
    }

    #[test]
    fn a_name_ends_with_the_word_or_before_a_mark_and_the_longest_comes_first() {
        let all = |word| names(word).collect::<Vec<_>>();
        assert_eq!(all("ada"), ["ada"]);
        assert_eq!(all("ada.b-c_"), ["ada.b-c_", "ada.b-c", "ada.b", "ada"]);
        assert_eq!(all("..."), ["...", "..", "."]);
        let long = format!("{}.x", "a".repeat(79));
        assert_eq!(all(&long), ["a".repeat(79)]);
        assert!(all(&"a".repeat(81)).is_empty());
    }

    /// Numbers that look random, the same in each run.
    fn sequence() -> impl FnMut(usize) -> usize {
        let mut state = 1_u64;
        move |below| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            usize::try_from(state >> 33).unwrap_or(0) % below
        }
    }

    const PIECES: [&str; 16] = [
        "@", "ada", "channel", "here", ".", "-", " ", "\n", "\n\n", "`", "``", "```", "~~~", "é",
        "+", "数",
    ];

    #[test]
    fn whatever_the_text_a_mention_stands_after_an_at_sign_and_never_in_code() {
        let mut below = sequence();
        for _ in 0..20_000 {
            let body: String = (0..below(14))
                .map(|_| PIECES[below(PIECES.len())])
                .collect();
            for word in words(&body) {
                assert!(body.contains(&format!("@{word}")), "{body:?}");
                assert!(names(word).all(|name| word.starts_with(name)), "{body:?}");
            }
            let fence = "`".repeat(99);
            let fenced = format!("{fence}\n{body}\n{fence}");
            assert_eq!(addressed(&fenced), Addressed::default(), "{body:?}");
            let plain: String = body
                .chars()
                .filter(|char| !"`~\n".contains(*char))
                .collect();
            let span = format!("`{plain}`");
            assert_eq!(addressed(&span), Addressed::default(), "{body:?}");
            let (alone, behind) = (addressed(&plain), format!("{plain} `x` @eve"));
            let behind = addressed(&behind);
            assert_eq!(
                behind.words.split_last(),
                Some((&"eve", &alone.words[..])),
                "{body:?}"
            );
        }
    }

    #[test]
    fn the_worst_of_bodies_have_fewer_names_than_bytes() {
        let backticks: String = (1..250).map(|n| "`".repeat(n) + "x").collect();
        for body in [
            backticks,
            "@a.".repeat(10_000),
            "@".repeat(32_000),
            "`@".repeat(16_000),
        ] {
            let words = words(&body).into_iter();
            assert!(words.map(|word| names(word).count()).sum::<usize>() < body.len());
        }
    }
}
