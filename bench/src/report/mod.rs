//! What was found, for people: on the terminal, and as `RESULTS.md` with its plots.

mod plot;
mod table;

use std::{fmt::Write, fs};

use anyhow::{Context, Result};

pub(crate) use self::table::print;
use self::table::{aims, findings};
use crate::{
    results::{Aim, Results, home},
    scenario,
};

const HEAD: &str = "# Results

<!-- Made by `cargo run --release -p bench -- report` from results/ and notes/. -->

Each scenario is one run of `cargo run --release -p bench -- SCENARIO` on one machine. Machines differ, and shared ones are
never quiet: what counts is a ratio between figures of the same run. Rounds alternate between what is compared, and the median
is shown. What is measured has one core for itself, what makes the load is a process of its own on another. The numbers behind
the tables are in [results/](results).

![What was reached of each aim](results/aims.svg)
";

/// Writes RESULTS.md and its plots from what was found last. What is to be said about a scenario,
/// above all why an aim was missed, is in `notes/SCENARIO.md`.
pub(crate) fn write() -> Result<()> {
    let mut text = HEAD.to_owned();
    let mut aims = Vec::new();
    for name in scenario::ALL {
        let Some(results) = Results::load(name)? else {
            continue;
        };
        section(&mut text, &results)?;
        aims.extend(results.aims.into_iter().map(|aim| Aim {
            what: format!("{name}: {}", aim.what),
            ..aim
        }));
    }
    plot::aims(&aims, &home().join("results/aims.svg"))?;
    let path = home().join("RESULTS.md");
    fs::write(&path, text).with_context(|| path.display().to_string())
}

fn section(text: &mut String, results: &Results) -> Result<()> {
    let name = &results.scenario;
    let run = &results.run;
    let rounds = if run.rounds == 1 { "round" } else { "rounds" };
    write!(
        text,
        "\n## {name}\n{}\n\n{}, {} {}, {}, commit {}.\n\n{}",
        results.about,
        run.date,
        run.rounds,
        rounds,
        run.machine,
        run.commit,
        findings(results)
    )?;
    if !results.aims.is_empty() {
        write!(text, "\n{}", aims(results))?;
    }
    if let Ok(note) = fs::read_to_string(home().join(format!("notes/{name}.md"))) {
        write!(text, "\n{}\n", note.trim())?;
    }
    Ok(())
}
