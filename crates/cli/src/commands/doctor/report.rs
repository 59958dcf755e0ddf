//! What was found, as a list for people and as JSON for programs.

use std::time::Duration;

use serde::Serialize;

use crate::view::{Reader, visible, visible_json};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Ok,
    Warn,
    Fail,
}

#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    verdict: Verdict,
    found: String,
    /// What to do, where something is not right.
    remedy: Option<String>,
}

/// A step of the probe's event and when it had happened; none if it did not.
#[derive(Debug, Serialize)]
pub(super) struct Hop {
    pub(super) hop: &'static str,
    #[serde(serialize_with = "micros", rename = "us")]
    pub(super) after: Option<Duration>,
    #[serde(skip)]
    pub(super) meaning: &'static str,
}

fn micros<S: serde::Serializer>(after: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    after.map(|after| after.as_micros()).serialize(to)
}

/// Everything that was found.
#[derive(Debug, Default)]
pub(super) struct Report {
    findings: Vec<Finding>,
    hops: Vec<Hop>,
}

#[derive(Serialize)]
struct Shown<'a> {
    well: bool,
    checks: &'a [Finding],
    probe: &'a [Hop],
}

impl Report {
    pub(super) fn ok(&mut self, check: &'static str, found: impl Into<String>) {
        self.add(check, Verdict::Ok, found.into(), None);
    }

    pub(super) fn warn(
        &mut self,
        check: &'static str,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.add(check, Verdict::Warn, found.into(), Some(remedy.into()));
    }

    pub(super) fn fail(
        &mut self,
        check: &'static str,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.add(check, Verdict::Fail, found.into(), Some(remedy.into()));
    }

    fn add(
        &mut self,
        check: &'static str,
        verdict: Verdict,
        found: String,
        remedy: Option<String>,
    ) {
        self.findings.push(Finding {
            check,
            verdict,
            found,
            remedy,
        });
    }

    pub(super) fn hops(&mut self, hops: impl IntoIterator<Item = Hop>) {
        self.hops.extend(hops);
    }

    pub(super) fn is_well(&self) -> bool {
        let mut findings = self.findings.iter();
        findings.all(|finding| finding.verdict != Verdict::Fail)
    }

    pub(super) fn shown(&self, reader: Reader) -> serde_json::Result<String> {
        let shown = Shown {
            well: self.is_well(),
            checks: &self.findings,
            probe: &self.hops,
        };
        Ok(match reader {
            Reader::Program => serde_json::to_string(&shown)? + "\n",
            Reader::PersonReadingJson => visible_json(&serde_json::to_string(&shown)?) + "\n",
            Reader::Person => self.text(),
        })
    }

    fn text(&self) -> String {
        let names = self.findings.iter().map(|finding| finding.check.len());
        let width = names.max().unwrap_or(0);
        let checks = self.findings.iter().map(|finding| finding.text(width));
        let hops = self.hops.iter().map(Hop::text);
        checks.chain(hops).collect()
    }
}

impl Finding {
    fn text(&self, width: usize) -> String {
        let verdict = match self.verdict {
            Verdict::Ok => "ok",
            Verdict::Warn => "warn",
            Verdict::Fail => "FAIL",
        };
        let line = format!("{verdict:4}  {:width$}  ", self.check);
        let indent = " ".repeat(line.len());
        let mut text = line + &indented(&self.found, &indent);
        if let Some(remedy) = &self.remedy {
            text += &format!("{indent}-> {}", indented(remedy, &indent));
        }
        text
    }
}

fn indented(text: &str, indent: &str) -> String {
    let lines: Vec<_> = text.lines().map(visible).collect();
    lines.join(&format!("\n{indent}")) + "\n"
}

impl Hop {
    fn text(&self) -> String {
        let after = self.after.map_or_else(
            || format!("{:>13}", "not seen"),
            |after| format!("{:>10.3} ms", after.as_secs_f64() * 1e3),
        );
        format!("      {:9}  {after}  {}\n", self.hop, self.meaning)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Hop, Report};
    use crate::view::Reader;

    #[test]
    fn a_warning_leaves_it_well_and_a_failure_says_what_to_do() {
        let mut report = Report::default();
        report.ok("clock", "right");
        report.warn("disk", "little", "make room");
        assert!(report.is_well());
        report.fail("server", "nobody\nanswers", "start it");
        assert!(!report.is_well());
        report.hops([Hop {
            hop: "answered",
            after: Some(Duration::from_micros(1_500)),
            meaning: "by the server",
        }]);
        let text = report.shown(Reader::Person).expect("is shown");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "ok    clock   right",
                "warn  disk    little",
                "              -> make room",
                "FAIL  server  nobody",
                "              answers",
                "              -> start it",
                "      answered        1.500 ms  by the server",
            ]
        );
        let json = report.shown(Reader::Program).expect("is shown");
        assert!(json.contains(r#""well":false"#), "{json}");
        assert!(json.contains(r#"{"hop":"answered","us":1500}"#), "{json}");
    }
}
