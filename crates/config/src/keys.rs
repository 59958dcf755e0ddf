//! What is known of each key, read from the types.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use crate::Config;

/// The variables of the environment begin with it.
const PREFIX: &str = "ANTIPHON_";
/// How alike two names are, from 0 to 1, of which one may be meant by the other.
const ALIKE: f64 = 0.75;

/// A key of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// As `gateway.rings.events`.
    pub path: String,
    /// What it means, in one paragraph.
    pub meaning: String,
    /// Kind and bounds of its value, in words.
    pub expected: String,
    /// The value it has unless given, as TOML; `None` if it then has none.
    pub default: Option<String>,
    /// Text is not quoted in the environment and on the command line.
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Number,
    Bool,
    Text,
    List,
}

/// A section and what it is for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Section {
    /// As `gateway.rings`; empty for the whole.
    pub(crate) path: String,
    pub(crate) meaning: String,
    pub(crate) keys: Vec<Key>,
}

impl Key {
    /// The variable of the environment that sets it, as `ANTIPHON_GATEWAY_RINGS_EVENTS`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.path.replace('.', "_").to_uppercase())
    }
}

/// Every key, section by section.
#[must_use]
pub fn keys() -> Vec<Key> {
    let sections = sections();
    sections
        .into_iter()
        .flat_map(|section| section.keys)
        .collect()
}

/// Every section that has keys of its own, in alphabetical order of their paths.
pub(crate) fn sections() -> Vec<Section> {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    let schema = settings.into_generator().into_root_schema_for::<Config>();
    let defaults = toml::Table::try_from(Config::default()).unwrap_or_default();
    let mut sections = Vec::new();
    if let Some(schema) = schema.as_object() {
        gather("", schema, &toml::Value::Table(defaults), &mut sections);
    }
    sections.retain(|section: &Section| !section.keys.is_empty());
    sections
}

fn gather(
    path: &str,
    schema: &Map<String, Value>,
    defaults: &toml::Value,
    sections: &mut Vec<Section>,
) {
    let at = sections.len();
    sections.push(Section {
        path: path.to_owned(),
        meaning: text(schema, "description"),
        keys: Vec::new(),
    });
    let none = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, property) in properties.unwrap_or(&none) {
        let property = property.as_object().unwrap_or(&none);
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        let default = defaults.get(name);
        if property.contains_key("properties") {
            let empty = toml::Value::Table(toml::Table::new());
            gather(&path, property, default.unwrap_or(&empty), sections);
        } else {
            sections[at].keys.push(key(path, property, default));
        }
    }
}

fn key(path: String, schema: &Map<String, Value>, default: Option<&toml::Value>) -> Key {
    let (kind, expected) = expected(schema);
    Key {
        path,
        meaning: text(schema, "description"),
        expected,
        default: default.map(ToString::to_string),
        kind,
    }
}

fn expected(schema: &Map<String, Value>) -> (Kind, String) {
    let bound = |name: &str| {
        schema
            .get(name)
            .map(ToString::to_string)
            .unwrap_or_default()
    };
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        let words: Vec<_> = words.iter().filter_map(Value::as_str).collect();
        return (Kind::Text, format!("one of {}", words.join(", ")));
    }
    if text(schema, "format") == "duration" {
        let (least, most) = (text(schema, "x-least"), text(schema, "x-most"));
        return (Kind::Text, format!("time, {least} to {most}"));
    }
    let kind = schema.get("type");
    let named = |name: &str| match kind {
        Some(Value::String(kind)) => kind == name,
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == name),
        _ => false,
    };
    if named("integer") {
        let expected = format!("number, {} to {}", bound("minimum"), bound("maximum"));
        (Kind::Number, expected)
    } else if named("boolean") {
        (Kind::Bool, "true or false".to_owned())
    } else if named("array") {
        (Kind::List, "list of texts".to_owned())
    } else {
        (Kind::Text, "text".to_owned())
    }
}

fn text(schema: &Map<String, Value>, field: &str) -> String {
    let text = schema.get(field).and_then(Value::as_str);
    text.unwrap_or_default().replace('\n', " ")
}

/// The one of `known` that was most likely meant.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let alike = known.map(|other| (strsim::jaro_winkler(name, other), other));
    alike
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, other)| other)
}

/// Whether a variable is meant for the configuration, by its beginning.
pub(crate) fn is_meant(variable: &str) -> bool {
    let begins = |section: &Section| {
        let (first, _) = section.path.split_once('.').unwrap_or((&section.path, ""));
        let begin = format!("{PREFIX}{}_", first.to_uppercase());
        variable.starts_with(&begin)
    };
    sections().iter().any(begins)
}
