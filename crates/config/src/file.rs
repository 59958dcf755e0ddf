//! What stands in a file, and in which line.

use toml::{
    Spanned, Table, Value,
    de::{DeTable, DeValue},
};

use crate::load::{Place, Problem};

/// A key's value, or something that is no key.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) path: String,
    pub(crate) value: Value,
    pub(crate) line: usize,
}

/// The entries of a file in its order, `is_section` telling which tables are looked into.
pub(crate) fn read(
    file: &str,
    text: &str,
    is_section: impl Fn(&str) -> bool,
) -> Result<Vec<Entry>, Problem> {
    let not_toml = |error: toml::de::Error| Problem {
        place: Place::File {
            path: file.to_owned(),
            line: error.span().map_or(1, |span| line_of(text, span.start)),
        },
        message: error.message().to_owned(),
    };
    let spans = DeTable::parse(text).map_err(not_toml)?;
    let values: Table = text.parse().map_err(not_toml)?;
    let mut entries = Vec::new();
    let line = |start| line_of(text, start);
    gather(
        "",
        spans.get_ref(),
        &values,
        &is_section,
        &line,
        &mut entries,
    );
    entries.sort_by_key(|entry| entry.line);
    Ok(entries)
}

fn gather(
    path: &str,
    spans: &DeTable<'_>,
    values: &Table,
    is_section: &impl Fn(&str) -> bool,
    line: &impl Fn(usize) -> usize,
    entries: &mut Vec<Entry>,
) {
    for (name, span) in spans {
        let Some(value) = values.get(name.get_ref().as_ref()) else {
            continue;
        };
        let path = if path.is_empty() {
            name.get_ref().to_string()
        } else {
            format!("{path}.{}", name.get_ref())
        };
        match (Spanned::get_ref(span), value) {
            (DeValue::Table(spans), Value::Table(values)) if is_section(&path) => {
                gather(&path, spans, values, is_section, line, entries);
            }
            _ => {
                entries.push(Entry {
                    path,
                    value: value.clone(),
                    line: line(name.span().start),
                });
            }
        }
    }
}

/// The line, counted from 1, of a place in a text.
fn line_of(text: &str, at: usize) -> usize {
    let before = text.as_bytes().iter().take(at);
    before.filter(|byte| **byte == b'\n').count() + 1
}
