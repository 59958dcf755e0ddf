//! The sources laid over each other.

use std::{collections::BTreeMap, fmt, io, path::Path};

use toml::{Table, Value};

use crate::{
    Config, file,
    keys::{Key, Kind, is_meant, keys, nearest, sections},
};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Default,
    File {
        path: String,
        /// From 1.
        line: usize,
    },
    /// The variable's name.
    Environment(String),
    /// As it was given, as `--listen`.
    Flag(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{path}:{line}"),
            Self::Environment(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct Problem {
    pub place: Place,
    pub message: String,
}

/// A key's value, as TOML, and where it comes from. `None`: it has none.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    pub key: Key,
    pub value: Option<String>,
    pub place: Place,
}

/// A configuration and where each of its values comes from.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub config: Config,
    pub settings: Vec<Setting>,
}

/// A flag of the command line that sets a key: its name, the key's path and the value as text.
pub type Flag = (String, String, String);

/// Reads all there is, and names everything that is wrong with it rather than the first thing.
///
/// `file` must be there when it is given. `environment` may hold variables of any name. A later
/// source of a value wins: the defaults, the file, the environment, the flags.
pub fn load(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
    flags: impl IntoIterator<Item = Flag>,
) -> Result<Loaded, Vec<Problem>> {
    let mut loading = Loading::new();
    if let Some(path) = file {
        loading.file(path);
    }
    for (name, text) in environment {
        loading.variable(&name, &text);
    }
    for (flag, path, text) in flags {
        loading.text(&path, &text, Place::Flag(flag));
    }
    loading.finish()
}

struct Loading {
    keys: BTreeMap<String, Key>,
    given: BTreeMap<String, (Value, Place)>,
    problems: Vec<Problem>,
}

impl Loading {
    fn new() -> Self {
        let keys = keys().into_iter().map(|key| (key.path.clone(), key));
        Self {
            keys: keys.collect(),
            given: BTreeMap::new(),
            problems: Vec::new(),
        }
    }

    fn file(&mut self, path: &Path) {
        let shown = path.display().to_string();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return self.unreadable(shown, &error),
        };
        let sections: Vec<_> = sections().into_iter().map(|section| section.path).collect();
        let is_section = |path: &str| {
            let within = |section: &String| section.starts_with(&format!("{path}."));
            sections
                .iter()
                .any(|section| section == path || within(section))
        };
        match file::read(&shown, &text, is_section) {
            Ok(entries) => {
                for entry in entries {
                    let place = Place::File {
                        path: shown.clone(),
                        line: entry.line,
                    };
                    self.value(&entry.path, entry.value, place);
                }
            }
            Err(problem) => self.problems.push(problem),
        }
    }

    fn unreadable(&mut self, path: String, error: &io::Error) {
        self.problems.push(Problem {
            place: Place::File { path, line: 1 },
            message: format!("cannot be read: {error}"),
        });
    }

    fn variable(&mut self, name: &str, text: &str) {
        if !is_meant(name) {
            return;
        }
        let place = Place::Environment(name.to_owned());
        let found = self.keys.values().find(|key| key.variable() == name);
        if let Some(path) = found.map(|key| key.path.clone()) {
            return self.text(&path, text, place);
        }
        let names: Vec<_> = self.keys.values().map(Key::variable).collect();
        let nearest = nearest(name, names.iter().map(String::as_str));
        let message = unknown("there is no such variable", nearest);
        self.problems.push(Problem { place, message });
    }

    /// A value from where everything is text.
    fn text(&mut self, path: &str, text: &str, place: Place) {
        let kind = self.keys.get(path).map(|key| key.kind);
        let value = match kind {
            Some(Kind::Number | Kind::Bool) => as_toml(text),
            Some(Kind::List) => {
                let parts = text.split(',').map(str::trim);
                let parts = parts.filter(|part| !part.is_empty());
                Value::Array(parts.map(Value::from).collect())
            }
            Some(Kind::Text) | None => Value::from(text),
        };
        self.value(path, value, place);
    }

    fn value(&mut self, path: &str, value: Value, place: Place) {
        if !self.keys.contains_key(path) {
            let nearest = nearest(path, self.keys.keys().map(String::as_str));
            let message = unknown(&format!("there is no key {path}"), nearest);
            self.problems.push(Problem { place, message });
            return;
        }
        // By itself, so that whatever is wrong can be said of its own line.
        match configured([(path, &value)]) {
            Ok(_) => {
                self.given.insert(path.to_owned(), (value, place));
            }
            Err(error) => self.problems.push(Problem {
                place,
                message: format!("{path}: {}", error.message()),
            }),
        }
    }

    fn finish(mut self) -> Result<Loaded, Vec<Problem>> {
        let values = self
            .given
            .iter()
            .map(|(path, (value, _))| (path.as_str(), value));
        let config = match configured(values) {
            Ok(config) if self.problems.is_empty() => config,
            Ok(_) => return Err(self.problems),
            Err(error) => {
                self.problems.push(Problem {
                    place: Place::Default,
                    message: error.message().to_owned(),
                });
                return Err(self.problems);
            }
        };
        let settings = self.keys.into_values().map(|key| {
            let given = self.given.remove(&key.path);
            let (value, place) = match given {
                Some((value, place)) => (Some(value.to_string()), place),
                None => (key.default.clone(), Place::Default),
            };
            Setting { key, value, place }
        });
        Ok(Loaded {
            settings: settings.collect(),
            config,
        })
    }
}

fn unknown(what: &str, nearest: Option<&str>) -> String {
    match nearest {
        Some(nearest) => format!("{what}; did you mean {nearest}?"),
        None => format!("{what}; config init writes them all"),
    }
}

/// A number or a truth value; whatever else it is stays text and is refused as that.
fn as_toml(text: &str) -> Value {
    let text = text.trim();
    let whole = format!("value = {text}");
    let parsed: Option<Table> = whole.parse().ok();
    parsed
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::from(text))
}

/// The defaults with these values in their place.
fn configured<'a>(
    values: impl IntoIterator<Item = (&'a str, &'a Value)>,
) -> Result<Config, toml::de::Error> {
    let mut root = Table::try_from(Config::default()).unwrap_or_default();
    for (path, value) in values {
        let (sections, name) = path.rsplit_once('.').unwrap_or(("", path));
        let mut table = &mut root;
        for section in sections.split('.') {
            let below = table.entry(section).or_insert_with(|| Table::new().into());
            let Value::Table(below) = below else {
                unreachable!("a key's path leads through sections");
            };
            table = below;
        }
        table.insert(name.to_owned(), value.clone());
    }
    root.try_into()
}
