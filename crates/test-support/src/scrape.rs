//! What a daemon tells on `/metrics`, read by the letter of OpenMetrics 1.0: whatever is not as it
//! should be is a failure.

use std::collections::{BTreeMap, BTreeSet};

use crate::Http;

type Labels = BTreeMap<String, String>;

/// What was told at one moment.
#[derive(Debug, Default)]
pub struct Scrape {
    /// The kind of each family, by its name.
    families: BTreeMap<String, String>,
    samples: BTreeMap<(String, Labels), f64>,
}

impl Scrape {
    /// Asks the listener at `address`.
    pub fn of(address: &str) -> Self {
        let answer = Http::tcp(address).get("/metrics").expect("it answers");
        assert_eq!(answer.status, 200, "{}", answer.body);
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert_eq!(answer.header("content-type"), Some(kind));
        Self::parse(&answer.body)
    }

    /// Panics when the text is not OpenMetrics.
    pub fn parse(text: &str) -> Self {
        let text = text.strip_suffix("# EOF\n").expect("an end that is marked");
        let mut scrape = Self::default();
        let mut family = String::new();
        let mut help = None;
        for line in text.split_terminator('\n') {
            if let Some(line) = line.strip_prefix("# HELP ") {
                let (name, words) = line.split_once(' ').expect("a name and a text");
                assert!(!words.trim().is_empty(), "{line}");
                help = Some(name.to_owned());
            } else if let Some(line) = line.strip_prefix("# TYPE ") {
                let (name, kind) = line.split_once(' ').expect("a name and a kind");
                assert_eq!(help.as_deref(), Some(name), "each family says what it is");
                check_name(name);
                assert!(
                    matches!(kind, "counter" | "gauge" | "histogram" | "info"),
                    "{line}"
                );
                let earlier = scrape.families.insert(name.to_owned(), kind.to_owned());
                assert_eq!(earlier, None, "{name} is told twice");
                name.clone_into(&mut family);
            } else {
                assert!(!line.starts_with('#'), "{line}");
                let kind = scrape.families.get(&family).expect("a family first");
                let (name, labels, value) = sample(line);
                let suffixes = suffixes(kind);
                assert!(
                    suffixes
                        .iter()
                        .any(|suffix| name == format!("{family}{suffix}")),
                    "{name} is not of {family}, a {kind}"
                );
                let earlier = scrape.samples.insert((name, labels), value);
                assert_eq!(earlier, None, "told twice: {line}");
            }
        }
        scrape.check_histograms();
        scrape
    }

    /// The value of one series.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let found = self.find(name, labels);
        found.unwrap_or_else(|| panic!("no {name} {labels:?} in {:#?}", self.samples))
    }

    /// As [`value`](Self::value), if there is that series.
    pub fn find(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels = labels.iter();
        let labels = labels.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        self.samples
            .get(&(name.to_owned(), labels.collect()))
            .copied()
    }

    /// All series of a name: their labels and values.
    pub fn series(&self, name: &str) -> Vec<(&Labels, f64)> {
        let of_name = self.samples.iter().filter(|((found, _), _)| found == name);
        of_name
            .map(|((_, labels), value)| (labels, *value))
            .collect()
    }

    /// All series of a name together.
    pub fn sum(&self, name: &str) -> f64 {
        self.series(name).iter().map(|(_, value)| value).sum()
    }

    /// What each family is called where it is asked for: a counter by its `_total`, a histogram by
    /// its own name.
    pub fn names(&self) -> BTreeSet<String> {
        let families = self.families.iter();
        families
            .map(|(name, kind)| match kind.as_str() {
                "counter" => format!("{name}_total"),
                "info" => format!("{name}_info"),
                _ => name.clone(),
            })
            .collect()
    }

    /// The kind of the family that is asked for by this name, if there is one.
    pub fn kind(&self, name: &str) -> Option<&str> {
        let stem = name
            .strip_suffix("_total")
            .or_else(|| name.strip_suffix("_info"));
        let kind = self.families.get(stem.unwrap_or(name));
        kind.map(String::as_str)
    }

    fn check_histograms(&self) {
        let histograms = self
            .families
            .iter()
            .filter(|(_, kind)| *kind == "histogram");
        for (name, _) in histograms {
            let mut buckets: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
            for (labels, count) in self.series(&format!("{name}_bucket")) {
                let mut labels = labels.clone();
                let bound = labels.remove("le").expect("a bucket has a bound");
                buckets
                    .entry(labels)
                    .or_default()
                    .push((number(&bound), count));
            }
            let counts = self.series(&format!("{name}_count"));
            assert_eq!(buckets.len(), counts.len(), "{name}");
            for (labels, count) in counts {
                let buckets = buckets.get_mut(labels).expect("a histogram has buckets");
                buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
                assert!(
                    buckets.is_sorted_by(|a, b| a.1 <= b.1),
                    "{name}: {buckets:?}"
                );
                assert_eq!(buckets.last(), Some(&(f64::INFINITY, count)), "{name}");
            }
        }
    }
}

fn suffixes(kind: &str) -> &'static [&'static str] {
    match kind {
        "counter" => &["_total"],
        "info" => &["_info"],
        "histogram" => &["_bucket", "_sum", "_count"],
        _ => &[""],
    }
}

fn check_name(name: &str) {
    let fits = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_';
    let first = name.starts_with(|char: char| char.is_ascii_lowercase());
    assert!(first && name.chars().all(fits), "{name:?}");
}

/// `name{key="value",…} number`.
fn sample(line: &str) -> (String, Labels, f64) {
    let end = line.find(['{', ' ']).expect("something after the name");
    let (name, mut rest) = line.split_at(end);
    check_name(name);
    let mut labels = Labels::new();
    if let Some(list) = rest.strip_prefix('{') {
        rest = list;
        while !rest.starts_with('}') {
            let (key, behind) = rest.split_once("=\"").expect("a key and a quote");
            check_name(key);
            let (value, behind) = unquoted(behind);
            assert_eq!(labels.insert(key.to_owned(), value), None, "{line}");
            rest = behind.strip_prefix(',').unwrap_or(behind);
        }
        rest = &rest[1..];
    }
    let value = rest.strip_prefix(' ').expect("a space before the value");
    (name.to_owned(), labels, number(value))
}

/// What is before the closing quote, without its escapes, and what is behind that.
fn unquoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return (value, &text[at + 1..]),
            '\\' => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, char @ ('\\' | '"'))) => value.push(char),
                other => panic!("an escape of {other:?} in {text}"),
            },
            char => value.push(char),
        }
    }
    panic!("no closing quote in {text}")
}

fn number(text: &str) -> f64 {
    match text {
        "+Inf" => f64::INFINITY,
        _ => text
            .parse()
            .unwrap_or_else(|_| panic!("{text:?} is no number")),
    }
}
