//! Text from others on a terminal. A terminal obeys control characters, so that whoever writes a
//! message could move its cursor or set its title; they are shown, never sent.

use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

/// `text` with its control characters, and those that turn the direction of writing, as escapes.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            _ if is_dangerous(char) => shown.extend(char.escape_default()),
            _ => shown.push(char),
        }
    }
    shown
}

/// The same for JSON, where such a character stands in strings alone and may be escaped there.
pub(crate) fn visible_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for char in json.chars() {
        if is_dangerous(char) {
            let _ = write!(shown, "\\u{:04x}", u32::from(char));
        } else {
            shown.push(char);
        }
    }
    shown
}

/// How many columns `text` takes.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// `text`, or as much of it as fits into `width` columns with an ellipsis behind.
pub(super) fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut left = width.saturating_sub(1);
    let fits = |char: &char| {
        let rest = left.checked_sub(columns_of(*char));
        left = rest.unwrap_or(0);
        rest.is_some()
    };
    let mut short: String = text.chars().take_while(fits).collect();
    short.push('…');
    short
}

fn columns_of(char: char) -> usize {
    char.width().unwrap_or(0)
}

/// All of them are below U+10000.
fn is_dangerous(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        )
        || matches!(char, '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::{columns, cut, visible, visible_json};

    #[test]
    fn control_characters_are_shown_and_never_sent() {
        let told = visible("a\x1b[2Jb\n\u{9b}1m\u{7f}\u{202e}é 語");
        assert_eq!(told, r"a\u{1b}[2Jb\n\u{9b}1m\u{7f}\u{202e}é 語");
    }

    #[test]
    fn json_stays_the_same_json() {
        let json = "{\"body\":\"\\u001b \u{9b}\u{7f}\u{202e}\"}";
        let shown = visible_json(json);
        assert!(
            !shown
                .chars()
                .any(|char| char.is_control() || char == '\u{202e}')
        );
        let read = |text| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
        assert_eq!(read(&shown), read(json));
    }

    #[test]
    fn what_is_cut_fits_whatever_its_characters_take() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("語語語", 5), "語語…");
        assert_eq!(cut("語語語", 4), "語…");
        for width in 1..8 {
            assert!(columns(&cut("a語e\u{301}bcdef", width)) <= width);
        }
    }
}
