//! A method as OpenRPC describes it. What OpenRPC has no word for stands under `x-class` (which
//! of the caller's budgets a call is taken from) and `x-kind`.

use serde_json::{Map, Value, json};

use super::{MAX_IDEMPOTENCY_KEY_CHARS, example::Examples, schemas::Schemas};
use crate::{ErrorCode, Kind, MethodInfo};

/// The errors any method can answer with.
const COMMON_ERRORS: [ErrorCode; 5] = [
    ErrorCode::InvalidParams,
    ErrorCode::Internal,
    ErrorCode::Unauthenticated,
    ErrorCode::RateLimited,
    ErrorCode::Unavailable,
];

pub(super) fn describe(method: &MethodInfo, schemas: &mut Schemas, examples: &Examples) -> Value {
    let mut described = json!({
        "name": method.name,
        "summary": method.summary,
        "tags": [{ "name": family(method) }],
        "paramStructure": "by-name",
        "params": params(method, schemas),
        "result": { "name": "result", "schema": (method.result)(&mut schemas.written) },
        "errors": errors(method),
        "examples": examples.of(method),
        "x-class": method.class.as_str(),
        "x-kind": method.kind.as_str(),
    });
    if !method.description.is_empty() {
        described["description"] = method.description.into();
    }
    if method.deprecated.is_some() {
        described["deprecated"] = true.into();
    }
    described
}

fn family(method: &MethodInfo) -> &str {
    method.name.split('.').next().unwrap_or_default()
}

/// A mutation can conflict with an earlier one of the same `idempotency_key`.
fn errors(method: &MethodInfo) -> Vec<Value> {
    let of_kind: &[ErrorCode] = match method.kind {
        Kind::Mutation => &[ErrorCode::Conflict],
        Kind::Query => &[],
    };
    let mut errors = Vec::new();
    for error in COMMON_ERRORS.iter().chain(method.errors).chain(of_kind) {
        let reference = json!({ "$ref": format!("#/components/errors/{}", error.name()) });
        if !errors.contains(&reference) {
            errors.push(reference);
        }
    }
    errors
}

fn params(method: &MethodInfo, schemas: &mut Schemas) -> Vec<Value> {
    let schema = schemas.params(method.params);
    let mut params = descriptors(&schema, schemas);
    if method.kind == Kind::Mutation {
        params.push(json!({
            "name": "idempotency_key",
            "description": "Repeating the call with the same key and parameters within 24 h has one effect and one answer.",
            "required": false,
            "schema": { "type": "string", "minLength": 1, "maxLength": MAX_IDEMPOTENCY_KEY_CHARS },
        }));
    }
    params
}

/// Turns the schema of a params struct into OpenRPC's list of content descriptors, those that are
/// required first.
fn descriptors(schema: &Value, schemas: &Schemas) -> Vec<Value> {
    let empty = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&empty);
    let required = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
    let mut params: Vec<Value> = properties
        .iter()
        .map(|(name, property)| {
            let is_required = required.iter().any(|required| required == name);
            descriptor(name, is_required, property.clone(), schemas)
        })
        .collect();
    params.sort_by_key(|param| param["required"] == false);
    params
}

/// A description stands at the descriptor; without one of its own it is the type's.
fn descriptor(name: &str, required: bool, mut schema: Value, schemas: &Schemas) -> Value {
    let own = schema
        .as_object_mut()
        .and_then(|it| it.remove("description"));
    if let [only] = schema["allOf"].as_array().map_or(&[][..], Vec::as_slice) {
        schema = only.clone();
    }
    let description = own
        .as_ref()
        .or_else(|| schemas.description_of_type(&schema))
        .cloned();
    let mut descriptor = json!({ "name": name, "required": required });
    if let Some(description) = description {
        descriptor["description"] = description;
    }
    descriptor["schema"] = schema;
    descriptor
}
