use serde::Deserialize;
use serde_json::{Map, Value};

/// The JSON schemas that others refer to.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Schemas(Map<String, Value>);

impl Schemas {
    /// What a reader needs of a type: `integer`, `list of User`, `public, private or dm`.
    pub(super) fn kind(&self, schema: &Value) -> String {
        let choices = self.choices(schema);
        if let Some((last, others @ [_, ..])) = choices.split_last() {
            return format!("{} or {last}", others.join(", "));
        }
        if let Some(schema) = or_null(schema) {
            return format!("{} or null", self.kind(schema));
        }
        let resolved = self.resolve(schema);
        match (&resolved["type"], name(schema)) {
            (Value::String(kind), Some(name)) if kind == "object" => name.to_owned(),
            (Value::String(kind), _) if kind == "array" => {
                format!("list of {}", self.kind(&resolved["items"]))
            }
            (Value::String(kind), _) => kind.clone(),
            (Value::Array(kinds), _) => {
                let kinds: Vec<&str> = kinds.iter().filter_map(Value::as_str).collect();
                kinds.join(" or ")
            }
            _ => "any JSON".to_owned(),
        }
    }

    /// The strings a schema admits, if it lists them.
    pub(super) fn choices(&self, schema: &Value) -> Vec<String> {
        let resolved = self.resolve(schema);
        let listed = strings(&resolved["enum"]).chain(resolved["const"].as_str());
        let mut choices: Vec<String> = listed.map(ToOwned::to_owned).collect();
        for one in resolved["oneOf"].as_array().map_or(&[][..], Vec::as_slice) {
            choices.extend(self.choices(one));
        }
        choices
    }

    pub(super) fn is_text(&self, schema: &Value) -> bool {
        self.resolve(schema)["type"] == "string" || !self.choices(schema).is_empty()
    }

    /// The properties of an object, or of the objects of a list.
    pub(super) fn properties<'a>(&'a self, schema: &'a Value) -> Option<&'a Map<String, Value>> {
        let resolved = self.resolve(schema);
        match resolved["properties"].as_object() {
            None if resolved["type"] == "array" => self.properties(&resolved["items"]),
            properties => properties,
        }
    }

    /// A property's own description, or its type's.
    pub(super) fn description<'a>(&'a self, schema: &'a Value) -> &'a str {
        let own = schema["description"].as_str();
        own.or_else(|| self.resolve(schema)["description"].as_str())
            .unwrap_or_default()
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        if let Some(named) = name(schema).and_then(|name| self.0.get(name)) {
            return self.resolve(named);
        }
        or_null(schema).map_or(schema, |schema| self.resolve(schema))
    }
}

/// The last part of a reference, which may be wrapped for a description of its own.
fn name(schema: &Value) -> Option<&str> {
    let reference = match schema["allOf"].as_array().map(Vec::as_slice) {
        Some([only]) => &only["$ref"],
        _ => &schema["$ref"],
    };
    reference.as_str()?.rsplit('/').next()
}

/// What a schema admits beside null, if it is made of these two.
fn or_null(schema: &Value) -> Option<&Value> {
    match schema["anyOf"].as_array().map(Vec::as_slice) {
        Some([only, null]) if null["type"] == "null" => Some(only),
        _ => None,
    }
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    let list = list.as_array().map_or(&[][..], Vec::as_slice);
    list.iter().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::Schemas;

    #[test]
    fn a_type_is_told_in_words() {
        let schemas: Schemas = from_value(json!({
            "Id": { "type": "integer" },
            "Kind": { "oneOf": [{ "enum": ["a"] }, { "const": "b" }, { "const": "c" }] },
            "User": { "type": "object", "properties": { "id": {} } },
        }))
        .expect("schemas");
        let to = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
        for (schema, told) in [
            (json!({ "type": "string" }), "string"),
            (to("Id"), "integer"),
            (
                json!({ "description": "d", "allOf": [to("Id")] }),
                "integer",
            ),
            (
                json!({ "anyOf": [to("Id"), { "type": "null" }] }),
                "integer or null",
            ),
            (json!({ "type": ["string", "null"] }), "string or null"),
            (
                json!({ "type": "array", "items": to("User") }),
                "list of User",
            ),
            (to("Kind"), "a, b or c"),
            (json!(true), "any JSON"),
        ] {
            assert_eq!(schemas.kind(&schema), told, "{schema}");
        }
        assert_eq!(schemas.choices(&to("Kind")), ["a", "b", "c"]);
        assert!(schemas.is_text(&to("Kind")) && !schemas.is_text(&to("Id")));
    }
}
