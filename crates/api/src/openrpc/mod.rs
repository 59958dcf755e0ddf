//! The OpenRPC document, made from the tables of methods and events.

mod example;
mod method;
mod schemas;
#[cfg(test)]
mod tests;

use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use self::{example::Examples, schemas::Schemas};
use crate::{
    ErrorCode, VERSION,
    events::{EVENTS, EventInfo, Keep},
    methods::METHODS,
};

/// The longest `idempotency_key`, in characters.
pub const MAX_IDEMPOTENCY_KEY_CHARS: usize = 64;

/// The document for everybody: internal methods are not in it.
#[must_use]
pub fn document() -> Value {
    let (mut schemas, examples) = (Schemas::new(), Examples::recorded());
    let methods: Vec<Value> = METHODS
        .iter()
        .filter(|method| !method.is_internal)
        .map(|method| method::describe(method, &mut schemas, &examples))
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
