//! What the keys are, for people: a file with all of them, and a page.

use std::fmt::Write;

use crate::keys::{Key, Section, sections};

/// How wide a comment may be, in characters.
const WIDTH: usize = 100;

/// A file with every key at its default, commented out.
#[must_use]
pub fn commented_file() -> String {
    let mut text =
        String::from("# The configuration of Antiphon. What is commented out is the default.\n");
    for section in sections() {
        text.push('\n');
        comment(&mut text, &section.meaning);
        text.push_str(&format!("[{}]\n", section.path));
        for key in &section.keys {
            text.push('\n');
            comment(&mut text, &key.meaning);
            comment(&mut text, &format!("({})", key.expected));
            text.push_str(&line_of(key));
        }
    }
    text
}

fn line_of(key: &Key) -> String {
    let name = key.path.rsplit('.').next().unwrap_or(&key.path);
    let default = key.default.as_deref().unwrap_or("…");
    format!("#{name} = {default}\n")
}

fn comment(text: &mut String, words: &str) {
    let mut line = String::from("#");
    for word in words.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            text.push_str(&line);
            text.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    text.push_str(&line);
    text.push('\n');
}

/// The page of the documentation, in Markdown.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from(HEAD);
    for section in sections() {
        table(&mut text, &section);
    }
    text
}

const HEAD: &str = "# Configuration

<!-- Made by `cargo xtask configuration` from the types in crates/config. -->

One TOML file configures both daemons; each reads what is its own. Give it with `--config FILE` or `ANTIPHON_CONFIG`.
`antiphon config init` writes one with every key in it, `antiphon config check` says what is wrong with one, and
`antiphon config show` prints each value and where it comes from.

A later source of a value wins: the default, the file, the environment, the command line. Each key has a variable: its path in
capitals, with `_` for `.`, behind `ANTIPHON_`, as `ANTIPHON_GATEWAY_RINGS_EVENTS` for `gateway.rings.events`; a list there has
commas between. Any key can be set on the command line: `--set gateway.rings.events=1000`.

Times are written with their unit, `250ms`, `25s`, `2m`, `1h 30m` or `7d`. A relative path is looked for from the folder where the
daemon is started.
";

fn table(text: &mut String, section: &Section) {
    let meaning = &section.meaning;
    // A String takes whatever is written to it.
    let _ = write!(text, "\n## `[{}]`\n\n{meaning}\n\n", section.path);
    text.push_str("| key | meaning | value | default |\n| --- | --- | --- | --- |\n");
    for key in &section.keys {
        let name = key.path.rsplit('.').next().unwrap_or(&key.path);
        let default = key.default.as_ref().map(|default| format!("`{default}`"));
        let _ = writeln!(
            text,
            "| `{name}` | {} | {} | {} |",
            key.meaning,
            key.expected,
            default.unwrap_or_else(|| "none".to_owned())
        );
    }
}
