//! What is said of the metrics is what is told: the table, the dashboard, the alerts.

use std::{collections::BTreeSet, fs};

use antiphon_test_support::{Scrape, eventually};
use serde_json::{Value, json};

use super::Watched;

/// Both daemons, after each has had something to tell.
fn told() -> [Scrape; 2] {
    let watched = Watched::with(&["gateway.canary_interval=20ms"]);
    watched.install.call(1, "user.me", json!({}));
    let arrived = [("outcome", "arrived")];
    let gateway = eventually("a probe that arrives", || {
        let told = watched.gateway();
        let probes = told.value("antiphon_gateway_canary_probes_total", &arrived);
        (probes > 0.0).then_some(told)
    });
    [gateway, watched.server()]
}

fn document(path: &str) -> String {
    let path = format!("{}/../docs/{path}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names of metrics in a text of whatever kind: of a histogram its own, whatever is asked of it.
fn named(text: &str, told: &[Scrape]) -> BTreeSet<String> {
    let words = text.split(|char: char| !(char.is_ascii_alphanumeric() || char == '_'));
    let names = words.filter(|word| {
        [
            "antiphon_gateway_",
            "antiphon_server_",
            "antiphon_build_",
            "process_",
        ]
        .iter()
        .any(|prefix| word.starts_with(prefix))
    });
    let stem = |name: &str| {
        let stems = ["_bucket", "_sum", "_count"].map(|suffix| name.strip_suffix(suffix));
        let of_histogram = |stem: &&str| {
            let mut kinds = told.iter().filter_map(|told| told.kind(stem));
            kinds.any(|kind| kind == "histogram")
        };
        let stem = stems.into_iter().flatten().find(of_histogram);
        stem.unwrap_or(name).to_owned()
    };
    names.map(stem).collect()
}

#[test]
fn the_table_names_every_metric_with_its_kind_and_no_other() {
    let told = told();
    let page = document("operations.md");
    let rows = page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let name = cells.next()?.trim_end_matches('`');
        let kind = cells.next()?;
        (!named(name, &[]).is_empty()).then(|| (name.to_owned(), kind.to_owned()))
    });
    let rows: BTreeSet<_> = rows.collect();
    let expected = told.iter().flat_map(|told| {
        let names = told.names().into_iter();
        names.map(|name| {
            let kind = told.kind(&name).expect("has a kind").to_owned();
            (name, kind)
        })
    });
    assert_eq!(rows, expected.collect());
}

#[test]
fn the_dashboard_asks_for_metrics_that_are_there_and_for_all_of_them() {
    let told = told();
    let text = document("grafana/antiphon.json");
    let dashboard: Value = serde_json::from_str(&text).expect("is JSON");
    let there: BTreeSet<_> = told.iter().flat_map(Scrape::names).collect();
    let asked = named(&text, &told);
    let unknown: Vec<_> = asked.difference(&there).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let unasked: Vec<_> = there
        .difference(&asked)
        .filter(|name| !name.contains("position") && *name != "process_start_time_seconds")
        .filter(|name| !name.ends_with("link_events_total"))
        .collect();
    assert!(unasked.is_empty(), "{unasked:?}");
    let variables = dashboard["templating"]["list"].as_array().expect("some");
    assert_eq!(variables[0]["type"], "datasource");
    let panels = dashboard["panels"].as_array().expect("some");
    let mut ids = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64()), "{panel}");
        if panel["type"] != "row" {
            assert_eq!(panel["datasource"]["uid"], "${datasource}", "{panel}");
            assert!(panel["targets"][0]["expr"].is_string(), "{panel}");
        }
    }
}

#[test]
fn every_alert_asks_for_metrics_that_are_there_and_says_what_to_do() {
    let told = told();
    let text = document("alerts.yml");
    let there: BTreeSet<_> = told.iter().flat_map(Scrape::names).collect();
    let asked = named(&text, &told);
    let unknown: Vec<_> = asked.difference(&there).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let mut alerts = text.split("- alert: ").skip(1).peekable();
    assert!(alerts.peek().is_some());
    for alert in alerts {
        for key in [
            "expr: ",
            "for: ",
            "severity: ",
            "summary: \"",
            "description: \"",
        ] {
            let lines = alert.lines().map(str::trim);
            let of_key =
                lines.filter(|line| line.strip_prefix(key).is_some_and(|rest| !rest.is_empty()));
            assert_eq!(of_key.count(), 1, "{key} in {alert}");
        }
        let expression = alert.lines().find(|line| line.contains("expr: "));
        let expression = expression.unwrap_or_default();
        // Whether a daemon is there at all Prometheus knows by itself.
        let is_of_ours = expression.contains(" up{job=") || !named(expression, &told).is_empty();
        assert!(is_of_ours, "{alert}");
    }
}
