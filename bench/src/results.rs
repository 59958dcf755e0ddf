//! What a scenario found: a table for people, JSON for machines, aims with what was reached.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// One run of one scenario.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) scenario: String,
    /// What was done, in a sentence or two.
    pub(crate) about: String,
    pub(crate) run: Run,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
    pub(crate) aims: Vec<Aim>,
}

/// Where and when.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) date: String,
    pub(crate) commit: String,
    pub(crate) machine: String,
    pub(crate) rounds: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Aim {
    pub(crate) what: String,
    pub(crate) wanted: f64,
    /// What is to be reached after that.
    pub(crate) beyond: Option<f64>,
    /// Less is better.
    pub(crate) at_most: bool,
    pub(crate) measured: f64,
}

impl Aim {
    pub(crate) fn at_least(what: impl Into<String>, wanted: f64, measured: f64) -> Self {
        Self {
            what: what.into(),
            wanted,
            beyond: None,
            at_most: false,
            measured,
        }
    }

    pub(crate) fn at_most(what: impl Into<String>, wanted: f64, measured: f64) -> Self {
        Self {
            at_most: true,
            ..Self::at_least(what, wanted, measured)
        }
    }

    pub(crate) fn then(self, beyond: f64) -> Self {
        Self {
            beyond: Some(beyond),
            ..self
        }
    }

    pub(crate) fn reached(&self, mark: f64) -> bool {
        if self.at_most {
            self.measured <= mark
        } else {
            self.measured >= mark
        }
    }

    /// What is said of it in a table.
    pub(crate) fn verdict(&self) -> &'static str {
        match self.beyond {
            _ if !self.reached(self.wanted) => "missed",
            Some(beyond) if self.reached(beyond) => "reached, and what is beyond",
            _ => "reached",
        }
    }
}

impl Results {
    pub(crate) fn new(
        scenario: &str,
        about: &str,
        rounds: usize,
        columns: &[&str],
    ) -> Result<Self> {
        Ok(Self {
            scenario: scenario.to_owned(),
            about: about.to_owned(),
            run: Run::here(rounds)?,
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
            rows: Vec::new(),
            aims: Vec::new(),
        })
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.to_vec());
    }

    /// Keeps it where the report looks for it.
    pub(crate) fn save(&self) -> Result<()> {
        fs::create_dir_all(folder())?;
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(fs::write(
            folder().join(format!("{}.json", self.scenario)),
            text,
        )?)
    }

    /// What was found last, if anything was.
    pub(crate) fn load(scenario: &str) -> Result<Option<Self>> {
        let path = folder().join(format!("{scenario}.json"));
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(
                serde_json::from_slice(&bytes).with_context(|| path.display().to_string())?,
            )),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// `bench/` of this tree.
pub(crate) fn home() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn folder() -> PathBuf {
    home().join("results")
}

impl Run {
    fn here(rounds: usize) -> Result<Self> {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo")?;
        let model = cpuinfo
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
            .map_or("unknown processor", |(_, model)| model);
        let cores = std::thread::available_parallelism()?;
        let kernel = said("uname", &["-sr"])?;
        // What comes behind its version is whose build it is.
        let kernel = kernel.split('-').next().unwrap_or_default();
        Ok(Self {
            date: said("date", &["-u", "+%Y-%m-%d"])?,
            commit: said("git", &["describe", "--always", "--dirty", "--abbrev=10"])?,
            machine: format!("{cores} cores of {model}, {kernel}"),
            rounds,
        })
    }
}

fn said(program: &str, args: &[&str]) -> Result<String> {
    let output = Command::new(program).args(args).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// The middle of some figures.
pub(crate) fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A number as a table has it: three digits that mean something, thousands apart.
pub(crate) fn figure(number: f64) -> String {
    let decimals = match number.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{number:.decimals$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

#[cfg(test)]
mod tests {
    use super::{Aim, figure, median};

    #[test]
    fn figures_have_three_digits_and_thousands_apart() {
        let shown = [1.234, 12.34, 123.4, 1_234.0, 1_234_567.0, -1_234.0].map(figure);
        assert_eq!(
            shown,
            ["1.23", "12.3", "123", "1,234", "1,234,567", "-1,234"]
        );
    }

    #[test]
    fn the_median_is_the_middle_whatever_the_order() {
        assert!((median([3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
    }

    #[test]
    fn an_aim_is_missed_on_the_wrong_side_of_its_mark() {
        assert_eq!(Aim::at_least("speed", 2.0, 1.9).verdict(), "missed");
        assert_eq!(Aim::at_most("cost", 2.0, 1.9).verdict(), "reached");
        let further = Aim::at_least("speed", 2.0, 3.1).then(3.0);
        assert_eq!(further.verdict(), "reached, and what is beyond");
    }
}
