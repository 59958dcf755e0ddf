//! The examples: params as the method declares them, results as the server gave them.
//!
//! `examples.json` holds a result for each method. The server's test `examples` carries out every
//! example and fails when it is answered otherwise; `cargo xtask examples` writes the file anew.

use serde_json::{Map, Value, json};

use crate::MethodInfo;

/// Who makes the call, and where.
const NAME: &str = "A call by user 1, Ada";

/// A method's result by its name.
pub(super) struct Examples(Map<String, Value>);

impl Examples {
    pub(super) fn recorded() -> Self {
        let recorded = serde_json::from_str(include_str!("examples.json"));
        Self(recorded.expect("examples.json holds an object"))
    }

    /// None until the example has been carried out.
    pub(super) fn of(&self, method: &MethodInfo) -> Vec<Value> {
        let result = self.0.get(method.name);
        result
            .map(|result| example(method, result))
            .into_iter()
            .collect()
    }
}

fn example(method: &MethodInfo, result: &Value) -> Value {
    let params: Map<String, Value> =
        serde_json::from_str(method.example).expect("an example is an object");
    let params: Vec<Value> = params
        .into_iter()
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect();
    json!({
        "name": NAME,
        "params": params,
        "result": { "name": "result", "value": result },
    })
}
