use serde_json::Value;

use super::{METHODS, document, schemas::DEFINITIONS};

fn schema(name: &str) -> Value {
    document()["components"]["schemas"][name].clone()
}

fn method(name: &str) -> Value {
    let methods = document()["methods"].as_array().cloned();
    let mut methods = methods.unwrap_or_default().into_iter();
    methods
        .find(|method| method["name"] == name)
        .unwrap_or_default()
}

fn each(value: &Value, visit: &mut impl FnMut(&Value)) {
    visit(value);
    match value {
        Value::Object(fields) => fields.values().for_each(|value| each(value, visit)),
        Value::Array(items) => items.iter().for_each(|value| each(value, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut seen = 0;
    each(&document, &mut |value| {
        if let Some(path) = value.get("$ref").and_then(Value::as_str) {
            let target = document.pointer(path.trim_start_matches('#'));
            assert!(target.is_some(), "{path} leads nowhere");
            seen += 1;
        }
    });
    assert!(seen > 100);
}

#[test]
fn no_two_types_share_a_name() {
    let document = document();
    let schemas = document.pointer(DEFINITIONS).and_then(Value::as_object);
    for name in schemas.expect("an object").keys() {
        assert!(
            !name.ends_with(|last: char| last.is_ascii_digit()),
            "{name}"
        );
    }
}

#[test]
fn a_result_is_named_after_a_family() {
    let families: Vec<&str> = METHODS
        .iter()
        .filter_map(|method| method.name.split('.').next())
        .map(|family| family.trim_end_matches('s'))
        .collect();
    let methods = document()["methods"].as_array().cloned();
    for method in methods.unwrap_or_default() {
        let path = method["result"]["schema"]["$ref"].as_str();
        let name = path.and_then(|path| path.rsplit('/').next());
        let name = name.unwrap_or_default().to_lowercase();
        assert!(
            name == "done" || families.iter().any(|family| name.contains(family)),
            "{name} of {}",
            method["name"]
        );
    }
}

#[test]
fn a_field_that_is_always_written_is_required_even_if_it_can_be_null() {
    let message = schema("Message");
    assert!(
        message["required"]
            .as_array()
            .is_some_and(|names| { names.iter().any(|name| name == "thread_id") })
    );
    assert_eq!(
        message["properties"]["thread_id"]["anyOf"][1]["type"],
        "null"
    );
}

#[test]
fn what_may_be_left_out_is_not_nullable_as_well() {
    assert_eq!(
        schema("Channel")["properties"]["member_ids"]["type"],
        "array"
    );
    each(&document()["methods"], &mut |value| {
        assert!(
            value.get("anyOf").is_none() && !value["type"].is_array(),
            "{value}"
        );
    });
}

#[test]
fn a_param_says_what_it_is_by_itself_or_by_its_type() {
    let list = method("message.list");
    let params = list["params"].as_array().expect("an array");
    let said: Vec<_> = params
        .iter()
        .map(|param| (param["name"].as_str(), param["description"].as_str()))
        .collect();
    assert_eq!(said[0], (Some("channel_id"), Some("A channel's id.")));
    assert!(said.contains(&(Some("limit"), Some("1 to 200; 50 unless given."))));
    assert!(params[0]["required"] == true && params[1]["required"] == false);
}

/// What `method` leaves unsaid.
fn omissions(method: &Value) -> Vec<String> {
    let is_sentence = |text: &Value| text.as_str().is_some_and(|text| text.ends_with('.'));
    let is_empty = |list: &Value| list.as_array().is_none_or(Vec::is_empty);
    let mut omissions = Vec::new();
    if !is_sentence(&method["summary"]) {
        omissions.push("a summary of one sentence".to_owned());
    }
    for part in ["tags", "errors"] {
        if is_empty(&method[part]) {
            omissions.push(part.to_owned());
        }
    }
    if is_empty(&method["examples"]) {
        omissions.push("an example (run `cargo xtask examples`)".to_owned());
    }
    for param in method["params"].as_array().into_iter().flatten() {
        if !is_sentence(&param["description"]) {
            omissions.push(format!("a description of {}", param["name"]));
        }
    }
    omissions
}

#[test]
fn a_method_says_everything() {
    for method in document()["methods"].as_array().expect("an array") {
        let omissions = omissions(method);
        assert!(
            omissions.is_empty(),
            "{} lacks {}",
            method["name"],
            omissions.join(", ")
        );
    }
}

#[test]
fn the_params_of_an_example_are_among_those_of_the_method() {
    let name = |param: &Value| param["name"].clone();
    for method in document()["methods"].as_array().expect("an array") {
        let names =
            |of: &Value| -> Vec<Value> { of.as_array().into_iter().flatten().map(name).collect() };
        let params = names(&method["params"]);
        for used in names(&method["examples"][0]["params"]) {
            assert!(params.contains(&used), "{}: {used}", method["name"]);
        }
    }
}

#[test]
fn no_format_is_one_that_json_schema_does_not_have() {
    each(&document(), &mut |value| {
        let format = value.get("format").and_then(Value::as_str);
        assert_eq!(format, None, "{value}");
    });
}

#[test]
fn a_deprecated_method_says_so_and_the_one_to_call_in_its_place_exists() {
    assert_eq!(method("presence.update")["deprecated"], true);
    assert!(method("presence.set").get("deprecated").is_none());
    for deprecated in METHODS.iter().filter_map(|method| method.deprecated) {
        assert_eq!(method(deprecated)["name"], deprecated);
    }
}
