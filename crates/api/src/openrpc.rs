//! The OpenRPC document, made from the tables of methods and events.

use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{
    ErrorCode, Kind, MethodInfo, VERSION,
    events::{EVENTS, EventInfo, Keep},
    methods::METHODS,
};

/// The longest `idempotency_key`, in characters.
pub const MAX_IDEMPOTENCY_KEY_CHARS: usize = 64;

/// The errors any method can answer with.
const COMMON_ERRORS: [ErrorCode; 4] = [
    ErrorCode::InvalidParams,
    ErrorCode::Internal,
    ErrorCode::Unauthenticated,
    ErrorCode::Unavailable,
];

/// The document for everybody: internal methods are not in it.
#[must_use]
pub fn document() -> Value {
    let mut schemas = SchemaSettings::draft07()
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .into_generator();
    let methods: Vec<Value> = METHODS
        .iter()
        .filter(|method| method.kind != Kind::Internal)
        .map(|method| describe(method, &mut schemas))
        .collect();
    let events: Vec<Value> = EVENTS
        .iter()
        .map(|event| describe_event(event, &mut schemas))
        .collect();
    json!({
        "openrpc": "1.3.2",
        "info": {
            "title": "Antiphon",
            "version": VERSION,
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "methods": methods,
        "components": {
            "schemas": schemas.take_definitions(true),
            "errors": errors(),
        },
        "x-events": events,
    })
}

fn describe(method: &MethodInfo, schemas: &mut SchemaGenerator) -> Value {
    let mut params = params_of((method.params)(schemas).to_value());
    if method.kind == Kind::Mutation {
        params.push(json!({
            "name": "idempotency_key",
            "description": "Repeating the call with the same key and parameters within 24 h has one effect and one answer.",
            "required": false,
            "schema": { "type": "string", "minLength": 1, "maxLength": MAX_IDEMPOTENCY_KEY_CHARS },
        }));
    }
    let errors: Vec<Value> = COMMON_ERRORS
        .iter()
        .chain(method.errors)
        .map(|error| json!({ "$ref": format!("#/components/errors/{}", error.name()) }))
        .collect();
    json!({
        "name": method.name,
        "summary": method.summary.trim(),
        "paramStructure": "by-name",
        "params": params,
        "result": { "name": "result", "schema": (method.result)(schemas) },
        "errors": errors,
    })
}

/// Turns the schema of a params struct into OpenRPC's list of content descriptors.
fn params_of(schema: Value) -> Vec<Value> {
    let required: Vec<&str> = schema["required"]
        .as_array()
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let empty = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&empty);
    properties
        .iter()
        .map(|(name, property)| {
            let mut descriptor = json!({
                "name": name,
                "required": required.contains(&name.as_str()),
                "schema": property,
            });
            if let Some(description) = property.get("description") {
                descriptor["description"] = description.clone();
            }
            descriptor
        })
        .collect()
}

fn describe_event(event: &EventInfo, schemas: &mut SchemaGenerator) -> Value {
    json!({
        "name": event.name,
        "summary": event.summary.trim(),
        "keep": match event.keep { Keep::Log => "log", Keep::None => "none" },
        "audience": event.audience,
        "data": (event.schema)(schemas),
    })
}

fn errors() -> Map<String, Value> {
    ErrorCode::ALL
        .iter()
        .map(|error| {
            (
                error.name().to_owned(),
                json!({ "code": error.code(), "message": error.meaning() }),
            )
        })
        .collect()
}
