//! Every example of the document, carried out as user 1 on a copy of the stage, is answered as
//! the document says.
//!
//! The answers stand in the contract's `examples.json`. With `ANTIPHON_BLESS` set the test writes
//! that file instead of comparing; `cargo xtask examples` sets it.

mod stage;
mod stand_ins;

use std::{collections::BTreeMap, env, fs, sync::Arc};

use antiphon_api::{MethodInfo, methods::METHODS};
use serde_json::Value;
use tokio::task::JoinSet;

use self::stage::Stage;
use crate::support::call;

const RECORDED: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../api/src/openrpc/examples.json"
);
/// How many servers run side by side.
const AT_ONCE: usize = 8;

/// Results by method.
type Results = BTreeMap<String, Value>;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_example_is_answered_as_the_document_says() {
    let results = carried_out().await;
    if env::var_os("ANTIPHON_BLESS").is_some() {
        return record(&results);
    }
    let faults = differences(&recorded(), &results);
    assert!(
        faults.is_empty(),
        "{}\nrun `cargo xtask examples` if this is how it should be",
        faults.join("\n")
    );
}

fn recorded() -> Results {
    let text = fs::read_to_string(RECORDED).expect("examples.json");
    serde_json::from_str(&text).expect("results by method")
}

fn record(results: &Results) {
    let mut text = serde_json::to_string_pretty(results).expect("encodes");
    text.push('\n');
    fs::write(RECORDED, text).expect("examples.json is written");
}

async fn carried_out() -> Results {
    let stage = Arc::new(Stage::made().await);
    let public: Vec<_> = METHODS
        .iter()
        .filter(|method| !method.is_internal)
        .collect();
    let (mut results, mut refused) = (Results::new(), Vec::new());
    for some in public.chunks(AT_ONCE) {
        let mut calls: JoinSet<_> = some
            .iter()
            .map(|method| carry_out(Arc::clone(&stage), method))
            .collect();
        while let Some(done) = calls.join_next().await {
            match done.expect("the call ends") {
                Ok((method, result)) => drop(results.insert(method, result)),
                Err(refusal) => refused.push(refusal),
            }
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
    results
}

/// The method and its result, or what it was refused with.
async fn carry_out(stage: Arc<Stage>, method: &MethodInfo) -> Result<(String, Value), String> {
    let house = stage.copy().await;
    let params = serde_json::from_str(method.example).expect("an example is JSON");
    let answer = call(&house.user(1), method.name, params).await;
    house.stop().await;
    match answer {
        Ok(mut result) => {
            stand_ins::put_in(&mut result);
            Ok((method.name.to_owned(), result))
        }
        Err(error) => Err(format!(
            "{} {}: {error} {}",
            method.name, method.example, error.data
        )),
    }
}

fn differences(recorded: &Results, results: &Results) -> Vec<String> {
    let gone = recorded
        .keys()
        .filter(|method| !results.contains_key(*method))
        .map(|method| format!("{method} is recorded and does not exist"));
    let other = results.iter().filter_map(|(method, result)| {
        let recorded = recorded.get(method);
        (recorded != Some(result)).then(|| {
            let recorded = recorded.map_or_else(|| "nothing".to_owned(), Value::to_string);
            format!("{method} answers {result}\n  recorded is {recorded}")
        })
    });
    gone.chain(other).collect()
}
