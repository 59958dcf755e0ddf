//! What docs/protocol.md says there is: the methods and events of its section 6 are those of the
//! contract, and so are the methods that section 4 says are in another class than the usual one.
//!
//! In a table's cell a name without a family, as in "`user.update`, `deactivate`", is of the family
//! before it.

use std::{collections::BTreeSet, fs, path::Path};

use antiphon_api::{Class, MethodInfo, events::EVENTS, methods::METHODS};
use anyhow::{Context, Result};

const DOCUMENT: &str = "docs/protocol.md";
const RATES: &str = "## 4.";
const CATALOGUE: &str = "## 6.";
/// The classes whose methods the document lists one by one.
const LISTED: [Class; 2] = [Class::Heavy, Class::Signal];

type Names = BTreeSet<String>;

pub(super) fn faults(root: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(root.join(DOCUMENT)).context("reading docs/protocol.md")?;
    let mut faults = catalogue_faults(&text);
    for class in LISTED {
        faults.extend(class_faults(&text, class));
    }
    Ok(faults)
}

/// Internal methods may be named and need not be.
fn catalogue_faults(text: &str) -> Vec<String> {
    let named: Names = rows(section(text, CATALOGUE))
        .filter_map(|cells| Some(names(cells.first()?)))
        .flatten()
        .collect();
    let events = EVENTS.iter().map(|event| event.name.to_owned());
    let public: Names = methods(|method| !method.is_internal)
        .chain(events)
        .collect();
    let internal: Names = methods(|method| method.is_internal).collect();
    let missing = public.difference(&named);
    let unknown = named
        .difference(&public)
        .filter(|name| !internal.contains(*name));
    missing
        .map(|name| format!("{DOCUMENT} has no row for `{name}`"))
        .chain(unknown.map(|name| format!("{DOCUMENT} has a row for `{name}`, which is not there")))
        .collect()
}

fn class_faults(text: &str, class: Class) -> Option<String> {
    let head = format!("`{}`", class.as_str());
    let named: Names = rows(section(text, RATES))
        .filter(|cells| cells[0] == head)
        .filter_map(|cells| Some(names(cells.get(1)?)))
        .flatten()
        .collect();
    let methods: Names = methods(|method| !method.is_internal && method.class == class).collect();
    let listed = methods.iter().cloned().collect::<Vec<_>>().join(", ");
    (named != methods).then(|| format!("{DOCUMENT}: the methods of class {head} are {listed}"))
}

fn methods(is_wanted: impl Fn(&MethodInfo) -> bool) -> impl Iterator<Item = String> {
    let wanted = METHODS.iter().filter(move |method| is_wanted(method));
    wanted.map(|method| method.name.to_owned())
}

/// From its heading to the next one.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let Some(start) = text.find(heading) else {
        return "";
    };
    let text = &text[start..];
    let end = text.find("\n## ").unwrap_or(text.len());
    &text[..end]
}

/// The rows of all tables, as cells; there is at least one.
fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let rows = text.lines().filter_map(|line| line.strip_prefix('|'));
    rows.map(|row| row.split('|').map(str::trim).collect())
}

fn names(cell: &str) -> Names {
    let mut family = "";
    let spans = cell.split('`').skip(1).step_by(2);
    spans
        .map(|span| match span.split_once('.') {
            Some((before, _)) => {
                family = before;
                span.to_owned()
            }
            None => format!("{family}.{span}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use antiphon_api::Class;

    use super::{Names, catalogue_faults, class_faults, names};

    #[test]
    fn a_name_without_a_family_is_of_the_one_before_it() {
        let expected = ["a.b", "a.c", "d.e"].map(str::to_owned);
        assert_eq!(names("`a.b`, `c`; `d.e` (internal)"), Names::from(expected));
    }

    #[test]
    fn what_has_no_row_or_does_not_exist_is_named() {
        let text = "## 6. All\n| `user.me`, `dance` | |\n| `user.resolve` | |\n## 7. Not yet\n| `user.get` |";
        let faults = catalogue_faults(text).join("\n");
        assert!(
            faults.contains("no row for `user.get`")
                && faults.contains("no row for `user.created`")
        );
        assert!(faults.contains("a row for `user.dance`, which is not there"));
        assert!(!faults.contains("user.me`") && !faults.contains("user.resolve"));
    }

    #[test]
    fn a_class_lists_all_of_its_methods() {
        let text = "## 4. RPC\n| `signal` | `typing.relay` | 10 |";
        let fault = class_faults(text, Class::Signal).unwrap_or_default();
        assert!(fault.contains("huddle.renew, typing.relay"), "{fault}");
        let text = text.replace("`typing", "`huddle.renew`, `typing");
        assert_eq!(class_faults(&text, Class::Signal), None);
    }
}
