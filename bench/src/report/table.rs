//! Tables in Markdown, which read well on a terminal too.

use crate::results::{Results, figure};

/// Prints what a scenario found.
#[expect(clippy::print_stdout, reason = "it is what the program is asked for")]
pub(crate) fn print(results: &Results) {
    println!(
        "\n{} ({})\n\n{}",
        results.scenario,
        results.run.date,
        findings(results)
    );
    if !results.aims.is_empty() {
        println!("{}", aims(results));
    }
}

pub(super) fn findings(results: &Results) -> String {
    table(&results.columns, &results.rows)
}

pub(super) fn aims(results: &Results) -> String {
    let columns = ["aim", "at", "then", "measured", ""].map(str::to_owned);
    let rows: Vec<Vec<String>> = results
        .aims
        .iter()
        .map(|aim| {
            let side = if aim.at_most { "at most" } else { "at least" };
            vec![
                aim.what.clone(),
                format!("{side} {}", figure(aim.wanted)),
                aim.beyond.map(figure).unwrap_or_default(),
                figure(aim.measured),
                aim.verdict().to_owned(),
            ]
        })
        .collect();
    table(&columns, &rows)
}

fn table(columns: &[String], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule: Vec<String> = columns.iter().map(|_| "---".to_owned()).collect();
    let body: String = rows.iter().map(|row| line(row)).collect();
    line(columns) + &line(&rule) + &body
}
