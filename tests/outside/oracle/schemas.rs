//! The schemas of openrpc.json, closed: a field that a schema does not name is refused.

use std::{cell::RefCell, collections::BTreeMap};

use jsonschema::Validator;
use serde_json::{Value, json};

const DOCUMENT: &str = include_str!("../../../openrpc.json");

/// Compiled when first needed.
pub(super) struct Schemas {
    document: Value,
    components: Value,
    compiled: RefCell<BTreeMap<String, Validator>>,
}

impl Schemas {
    pub(super) fn of_document() -> Self {
        let document: Value = serde_json::from_str(DOCUMENT).expect("openrpc.json is JSON");
        let mut components = document["components"].clone();
        close(&mut components);
        Self {
            document,
            components,
            compiled: RefCell::default(),
        }
    }

    /// Panics unless `data` is what the catalogue says of this event, and no more.
    pub(super) fn check_event(&self, kind: &str, data: &Value) {
        self.check("x-events", kind, "/data", data);
    }

    /// Panics unless `result` is what the method promises, and no more. Internal methods are not
    /// in the document.
    pub(super) fn check_result(&self, method: &str, result: &Value) {
        self.check("methods", method, "/result/schema", result);
    }

    /// Panics unless the document says that `method` can fail with this code.
    pub(super) fn check_error(&self, method: &str, code: i32) {
        let errors = &self.entry("methods", method)["errors"];
        let named = errors.as_array().is_some_and(|errors| {
            errors.iter().any(|error| {
                let path = error["$ref"].as_str().unwrap_or_default();
                let error = self.document.pointer(path.trim_start_matches('#'));
                error.is_some_and(|error| error["code"] == code)
            })
        });
        assert!(named, "{method} does not say that it fails with {code}");
    }

    pub(super) fn has_method(&self, method: &str) -> bool {
        self.find("methods", method).is_some()
    }

    fn find(&self, part: &str, name: &str) -> Option<&Value> {
        let entries = self.document[part].as_array()?;
        entries.iter().find(|entry| entry["name"] == name)
    }

    fn entry(&self, part: &str, name: &str) -> &Value {
        let found = self.find(part, name);
        found.unwrap_or_else(|| panic!("openrpc.json has no {name} in {part}"))
    }

    fn check(&self, part: &str, name: &str, at: &str, value: &Value) {
        let mut compiled = self.compiled.borrow_mut();
        let validator = compiled.entry(name.to_owned()).or_insert_with(|| {
            let schema = self.entry(part, name).pointer(at);
            self.compile(schema.unwrap_or_else(|| panic!("{name} has no schema")))
        });
        if let Err(error) = validator.validate(value) {
            panic!("{name} at {}: {error}: {value}", error.instance_path());
        }
    }

    fn compile(&self, schema: &Value) -> Validator {
        let mut schema = schema.clone();
        close(&mut schema);
        let whole = json!({ "allOf": [schema], "components": self.components });
        jsonschema::draft202012::new(&whole).expect("is a schema")
    }
}

/// Refuses, in every schema of an object, what it does not name. One that is put together of
/// several is closed as a whole.
fn close(schema: &mut Value) {
    let has = |schema: &Value, name: &str| schema.get(name).is_some();
    let is_object = schema["type"] == "object" || has(schema, "properties");
    let is_composed = ["allOf", "anyOf", "oneOf"]
        .iter()
        .any(|name| has(schema, name));
    match schema {
        Value::Object(fields) => {
            for (name, part) in fields.iter_mut() {
                if !(is_object && is_composed && name.ends_with("Of")) {
                    close(part);
                }
            }
            if is_object && is_composed {
                fields.insert("unevaluatedProperties".to_owned(), json!(false));
            } else if is_object && !fields.contains_key("additionalProperties") {
                fields.insert("additionalProperties".to_owned(), json!(false));
            }
        }
        Value::Array(parts) => parts.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Schemas;

    fn left() -> serde_json::Value {
        json!({ "channel_id": 1, "user_id": 2, "reason": "left" })
    }

    #[test]
    fn an_event_as_the_document_says_it_is_let_through() {
        Schemas::of_document().check_event("channel.member_left", &left());
    }

    #[test]
    #[should_panic(expected = "surplus")]
    fn a_field_that_the_document_does_not_name_is_refused() {
        let mut event = left();
        event["surplus"] = json!(1);
        Schemas::of_document().check_event("channel.member_left", &event);
    }

    #[test]
    #[should_panic(expected = "surplus")]
    fn a_surplus_field_is_refused_deep_inside_too() {
        let channel = json!({
            "id": 1, "workspace_id": 1, "kind": "public", "name": "n", "topic": "", "revision": 1,
            "surplus": 1,
        });
        Schemas::of_document().check_event("channel.added", &json!({ "channel": channel }));
    }

    #[test]
    #[should_panic(expected = "reason")]
    fn a_field_that_is_missing_is_missed() {
        let mut event = left();
        event.as_object_mut().expect("an object").remove("reason");
        Schemas::of_document().check_event("channel.member_left", &event);
    }
}
