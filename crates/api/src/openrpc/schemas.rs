//! The schemas of what is read and of what is written.
//!
//! Params are described as they are read, results and events as they are written: a field that
//! is always written is required there even if it can be null. What may be left out is never
//! described as nullable as well. Formats are those of JSON Schema alone: validators refuse to
//! work with a `uint32`.

use schemars::{
    Schema, SchemaGenerator,
    generate::SchemaSettings,
    transform::{RestrictFormats, Transform},
};
use serde_json::{Map, Value, json};

/// Where schemas stand in the document.
pub(super) const DEFINITIONS: &str = "/components/schemas";

/// What is read and what is written may refer to the same types.
pub(super) struct Schemas {
    read: SchemaGenerator,
    pub(super) written: SchemaGenerator,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let settings = SchemaSettings::draft07()
            .with(|settings| settings.definitions_path = DEFINITIONS.into())
            .with_transform(formats());
        Self {
            read: settings.clone().into_generator(),
            written: settings.for_serialize().into_generator(),
        }
    }

    /// The schema of a struct of params, which stands in no definition.
    pub(super) fn params(&mut self, of: fn(&mut SchemaGenerator) -> Schema) -> Value {
        let mut schema = of(&mut self.read);
        formats().transform(&mut schema);
        let mut schema = schema.to_value();
        absent_rather_than_null(&mut schema);
        schema
    }

    /// What the type that `schema` refers to says of itself.
    pub(super) fn description_of_type(&self, schema: &Value) -> Option<&Value> {
        let name = schema["$ref"].as_str()?.rsplit('/').next()?;
        self.read.definitions().get(name)?.get("description")
    }

    pub(super) fn definitions(mut self) -> Map<String, Value> {
        let mut all = self.read.take_definitions(true);
        all.extend(self.written.take_definitions(true));
        all.values_mut().for_each(absent_rather_than_null);
        all
    }
}

fn formats() -> RestrictFormats {
    let mut formats = RestrictFormats::default();
    formats.infer_from_meta_schema = false;
    formats
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
