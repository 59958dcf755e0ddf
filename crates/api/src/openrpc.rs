//! The OpenRPC document, made from the tables of methods and events.
//!
//! Params are described as they are read, results and events as they are written: a field that
//! is always written is required there even if it can be null. What may be left out is never
//! described as nullable as well.

use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{
    ErrorCode, Kind, MethodInfo, VERSION,
    events::{EVENTS, EventInfo, Keep},
    methods::METHODS,
};

/// The longest `idempotency_key`, in characters.
pub const MAX_IDEMPOTENCY_KEY_CHARS: usize = 64;

/// Where schemas stand in the document.
const DEFINITIONS: &str = "/components/schemas";

/// The errors any method can answer with.
const COMMON_ERRORS: [ErrorCode; 5] = [
    ErrorCode::InvalidParams,
    ErrorCode::Internal,
    ErrorCode::Unauthenticated,
    ErrorCode::RateLimited,
    ErrorCode::Unavailable,
];

/// The schemas of what is read and of what is written, which may refer to the same types.
struct Schemas {
    read: SchemaGenerator,
    written: SchemaGenerator,
}

/// The document for everybody: internal methods are not in it.
#[must_use]
pub fn document() -> Value {
    let settings =
        SchemaSettings::draft07().with(|settings| settings.definitions_path = DEFINITIONS.into());
    let mut schemas = Schemas {
        read: settings.clone().into_generator(),
        written: settings.for_serialize().into_generator(),
    };
    let methods: Vec<Value> = METHODS
        .iter()
        .filter(|method| method.kind != Kind::Internal)
        .map(|method| describe(method, &mut schemas))
        .collect();
    let events: Vec<Value> = EVENTS
        .iter()
        .map(|event| describe_event(event, &mut schemas.written))
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
            "schemas": schemas.definitions(),
            "errors": errors(),
        },
        "x-events": events,
    })
}

impl Schemas {
    fn definitions(mut self) -> Map<String, Value> {
        let mut all = self.read.take_definitions(true);
        all.extend(self.written.take_definitions(true));
        all.values_mut().for_each(absent_rather_than_null);
        all
    }
}

/// Takes null out of the types of those properties that may be left out.
fn absent_rather_than_null(schema: &mut Value) {
    let required = schema["required"].clone();
    let is_required = |name: &str| {
        let names = required.as_array();
        names.is_some_and(|names| names.iter().any(|required| required == name))
    };
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties
            .iter_mut()
            .filter(|(name, _)| !is_required(name))
            .for_each(|(_, property)| without_null(property));
    }
}

/// A schema that admitted null and no longer does.
fn without_null(schema: &mut Value) {
    if let Some(types) = schema.get_mut("type")
        && let [only, null] = types.as_array().map_or(&[][..], Vec::as_slice)
        && null == "null"
    {
        *types = only.clone();
    }
    if let [only, null] = schema["anyOf"].as_array().map_or(&[][..], Vec::as_slice)
        && null["type"] == "null"
    {
        let only = only.clone();
        match schema.get("description").cloned() {
            Some(description) => *schema = json!({ "description": description, "allOf": [only] }),
            None => *schema = only,
        }
    }
}

fn describe(method: &MethodInfo, schemas: &mut Schemas) -> Value {
    let mut schema = (method.params)(&mut schemas.read).to_value();
    absent_rather_than_null(&mut schema);
    let mut params = params_of(&schema, schemas.read.definitions());
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
        .chain(
            method
                .errors
                .iter()
                .filter(|own| !COMMON_ERRORS.contains(own)),
        )
        .map(|error| json!({ "$ref": format!("#/components/errors/{}", error.name()) }))
        .collect();
    json!({
        "name": method.name,
        "summary": method.summary.trim(),
        "paramStructure": "by-name",
        "params": params,
        "result": { "name": "result", "schema": (method.result)(&mut schemas.written) },
        "errors": errors,
    })
}

/// Turns the schema of a params struct into OpenRPC's list of content descriptors, those that are
/// required first. A description stands at the descriptor; without one of its own it is the type's.
fn params_of(schema: &Value, definitions: &Map<String, Value>) -> Vec<Value> {
    let empty = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&empty);
    let required = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
    let mut params: Vec<Value> = properties
        .iter()
        .map(|(name, property)| {
            let is_required = required.iter().any(|required| required == name);
            descriptor(name, is_required, property.clone(), definitions)
        })
        .collect();
    params.sort_by_key(|param| param["required"] == false);
    params
}

fn descriptor(
    name: &str,
    required: bool,
    mut schema: Value,
    definitions: &Map<String, Value>,
) -> Value {
    let own = schema
        .as_object_mut()
        .and_then(|it| it.remove("description"));
    if let [only] = schema["allOf"].as_array().map_or(&[][..], Vec::as_slice) {
        schema = only.clone();
    }
    let of_type = schema["$ref"].as_str().and_then(|path| {
        definitions
            .get(path.rsplit('/').next()?)?
            .get("description")
    });
    let mut descriptor = json!({ "name": name, "required": required });
    if let Some(description) = own.as_ref().or(of_type) {
        descriptor["description"] = description.clone();
    }
    descriptor["schema"] = schema;
    descriptor
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

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{DEFINITIONS, document};

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
}
