//! A method's result as a table. A list, which is the one array of objects in a result, becomes
//! rows; a single entity becomes a line for each field; so does everything else, with what is
//! nested left as JSON. What does not fit into the width is cut: `--json` has all of it.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{
    fields::Fields,
    text::{columns, cut, visible},
    time::utc,
};

const GAP: &str = "  ";

/// `result`, each line within `width` columns and ended.
pub(crate) fn table(result: &RawValue, width: usize) -> String {
    let lines = match Fields::of(result) {
        None => vec![visible(result.get())],
        Some(fields) if fields.0.is_empty() => vec!["done".to_owned()],
        Some(fields) => match list(&fields) {
            Some((name, rows)) => {
                let (rows, rest) = (grid(&rows, width), without(&fields, &name));
                let gap = (!rest.0.is_empty()).then(String::new);
                rows.into_iter().chain(gap).chain(pairs(&rest)).collect()
            }
            None => pairs(&entity(&fields).unwrap_or(fields)),
        },
    };
    let cut_lines = lines.iter().map(|line| cut(line.trim_end(), width) + "\n");
    cut_lines.collect()
}

/// The one array of objects, if it has any.
fn list<'a>(fields: &Fields<'a>) -> Option<(Cow<'a, str>, Vec<Fields<'a>>)> {
    let mut lists = fields.0.iter().filter_map(|(name, value)| {
        let rows = Fields::of_each(value)?;
        (!rows.is_empty()).then(|| (name.clone(), rows))
    });
    let only = lists.next()?;
    lists.next().is_none().then_some(only)
}

fn without<'a>(fields: &Fields<'a>, name: &str) -> Fields<'a> {
    let rest = fields.0.iter().filter(|(field, _)| field != name);
    Fields(rest.cloned().collect())
}

/// The one object that is all of a result.
fn entity<'a>(fields: &Fields<'a>) -> Option<Fields<'a>> {
    match &fields.0[..] {
        [(_, only)] => Fields::of(only),
        _ => None,
    }
}

fn pairs(fields: &Fields<'_>) -> Vec<String> {
    let names = fields.0.iter().map(|(name, _)| columns(name));
    let width = names.max().unwrap_or(0);
    let line = |(name, value): &(Cow<'_, str>, &RawValue)| {
        padded(&visible(name), width) + GAP + &cell(name, value)
    };
    fields.0.iter().map(line).collect()
}

/// A line of names and one for each row; a column that says nothing in any of them is left out.
fn grid(rows: &[Fields<'_>], width: usize) -> Vec<String> {
    let columns: Vec<Vec<String>> = names(rows)
        .into_iter()
        .filter_map(|name| column(name, rows))
        .collect();
    let widths = fit(&columns, width);
    (0..=rows.len())
        .map(|line| {
            let cells = columns.iter().zip(&widths);
            let cells = cells.map(|(column, width)| padded(&cut(&column[line], *width), *width));
            cells.collect::<Vec<_>>().join(GAP)
        })
        .collect()
}

/// Every name, in the order in which they first come.
fn names<'a>(rows: &'a [Fields<'_>]) -> Vec<&'a str> {
    let mut names = Vec::new();
    for (name, _) in rows.iter().flat_map(|row| &row.0) {
        if !names.contains(&&**name) {
            names.push(&**name);
        }
    }
    names
}

/// Its name and its cells.
fn column(name: &str, rows: &[Fields<'_>]) -> Option<Vec<String>> {
    let cells = rows.iter().map(|row| {
        row.get(name)
            .map_or_else(String::new, |value| cell(name, value))
    });
    let column: Vec<String> = std::iter::once(visible(name)).chain(cells).collect();
    column[1..]
        .iter()
        .any(|cell| !matches!(&**cell, "" | "false" | "0"))
        .then_some(column)
}

/// The columns' widths: what they want, taken from the widest until all fit.
fn fit(all: &[Vec<String>], width: usize) -> Vec<usize> {
    const LEAST: usize = 3;
    let wanted = |column: &Vec<String>| column.iter().map(|cell| columns(cell)).max();
    let mut widths: Vec<usize> = all
        .iter()
        .map(|column| wanted(column).unwrap_or(0).min(width))
        .collect();
    let room = width.saturating_sub(GAP.len() * all.len().saturating_sub(1));
    let mut over = widths.iter().sum::<usize>().saturating_sub(room);
    while over > 0
        && let Some(widest) = widths.iter_mut().max().filter(|width| **width > LEAST)
    {
        *widest -= 1;
        over -= 1;
    }
    widths
}

fn padded(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(columns(text));
    text.to_owned() + &" ".repeat(missing)
}

/// A value for reading: text without quotes, times in UTC, nothing for what says nothing.
fn cell(name: &str, value: &RawValue) -> String {
    let json = value.get();
    if let Ok(text) = serde_json::from_str::<Cow<'_, str>>(json) {
        return visible(&text);
    }
    match (json, json.parse()) {
        ("null" | "[]" | "{}", _) => String::new(),
        (_, Ok(ms)) if name.ends_with("_at") => utc(ms),
        _ => visible(json),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::{columns, table};

    fn drawn(json: &str, width: usize) -> Vec<String> {
        let result = RawValue::from_string(json.to_owned()).expect("JSON");
        table(&result, width)
            .lines()
            .map(ToOwned::to_owned)
            .collect()
    }

    #[test]
    fn a_list_becomes_rows_and_what_stands_beside_it_follows() {
        let json = r#"{"messages":[{"id":1,"body":"hello","thread_id":null,"created_at":0},
            {"id":12,"body":"b","thread_id":null,"created_at":1000}],"has_more":true,"pos":7}"#;
        assert_eq!(
            drawn(json, 80),
            [
                "id  body   created_at",
                "1   hello  1970-01-01 00:00:00Z",
                "12  b      1970-01-01 00:00:01Z",
                "",
                "has_more  true",
                "pos       7",
            ]
        );
    }

    #[test]
    fn an_entity_becomes_a_line_for_each_field() {
        let json = r#"{"user":{"id":2,"name":"ben","tags":["a","b"]}}"#;
        assert_eq!(
            drawn(json, 80),
            ["id    2", "name  ben", r#"tags  ["a","b"]"#]
        );
        assert_eq!(drawn("{}", 80), ["done"]);
        assert_eq!(
            drawn(r#"{"channels":[],"pos":3}"#, 80),
            ["channels", "pos       3"]
        );
    }

    #[test]
    fn what_holds_several_lists_is_told_field_by_field() {
        let json = r#"{"a":[{"x":1}],"b":[{"y":2}]}"#;
        assert_eq!(drawn(json, 80), [r#"a  [{"x":1}]"#, r#"b  [{"y":2}]"#]);
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let long = "語".repeat(90);
        let row = format!(r#"{{"id":1,"body":"{long}","author":"{long}","kind":"public"}}"#);
        for json in [
            format!(r#"{{"rows":[{row},{row}],"pos":1}}"#),
            format!(r#"{{"x":{row}}}"#),
        ] {
            for width in [1, 2, 10, 40, 80, 200] {
                let lines = drawn(&json, width);
                assert!(lines.iter().all(|line| columns(line) <= width), "{lines:?}");
            }
        }
        let lines = drawn(&format!(r#"{{"rows":[{row}]}}"#), 60);
        assert!(
            lines[1].starts_with("1   語") && lines[1].ends_with("public"),
            "{lines:?}"
        );
    }

    #[test]
    fn nothing_a_user_writes_reaches_the_terminal_as_a_command() {
        let row = r#"{"id":1,"body":"\u001b]0;x\u0007\nrow","\u001b[1m":["\u009b"]}"#;
        for json in [
            format!(r#"{{"rows":[{row}]}}"#),
            format!(r#"{{"x":{row}}}"#),
        ] {
            let text = drawn(&json, 300).join("");
            assert!(!text.contains(char::is_control), "{text:?}");
            assert!(text.contains(r"\u{1b}]0;x\u{7}\nrow"), "{text:?}");
        }
    }
}
