//! What daemons have logged.

use std::{fs, path::Path};

use serde_json::Value;

/// How a doctor's report begins, which is no line of a log.
const REPORT: &str = r#"{"well":"#;

/// All that daemons wrote into a folder. What `token issue` printed is not theirs.
pub(super) fn said(folder: &Path) -> String {
    let files = fs::read_dir(folder).expect("is readable").flatten();
    let logs = files.filter(|file| {
        let name = file.file_name().to_string_lossy().into_owned();
        !name.contains("-token.") && (name.ends_with(".out") || name.ends_with(".err"))
    });
    logs.map(|file| fs::read_to_string(file.path()).expect("is text"))
        .collect()
}

/// The lines of those who log as JSON; every line is an object.
pub(super) fn lines(folder: &Path) -> Vec<Value> {
    let text = said(folder);
    let lines = text.lines().filter(|line| line.starts_with('{'));
    let lines = lines.filter(|line| !line.starts_with(REPORT));
    let lines = lines.map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")));
    let lines: Vec<Value> = lines.collect();
    let others = text.lines().filter(|line| !line.starts_with('{'));
    let others: Vec<&str> = others.filter(|line| !is_greeting(line)).collect();
    assert_eq!(others, Vec::<&str>::new(), "lines that are no JSON");
    lines
}

/// What a daemon says on its standard output.
fn is_greeting(line: &str) -> bool {
    ["Antiphon", "JSON-RPC is at"]
        .iter()
        .any(|begin| line.starts_with(begin))
}
