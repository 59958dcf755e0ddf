//! The methods as the OpenRPC document describes them. What the shell completes, what `NAME=VALUE` is
//! checked against and what `call METHOD --help` prints is all read from here, so a method that is
//! added to the API's table is in all three. The operator's internal methods are not in the
//! document: they can be called and are neither completed nor described.

mod help;
mod schema;

use std::collections::BTreeMap;

use antiphon_api::openrpc;
use antiphon_config::nearest;
use serde::Deserialize;
use serde_json::Value;

use schema::Schemas;

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Reference {
    pub(crate) methods: Vec<Method>,
    components: Components,
}

#[derive(Debug, Default, Deserialize)]
struct Components {
    schemas: Schemas,
    errors: BTreeMap<String, Failure>,
}

#[derive(Debug, Deserialize)]
struct Failure {
    code: i32,
    message: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Method {
    pub(crate) name: String,
    pub(crate) summary: String,
    pub(crate) params: Vec<Param>,
    result: Outcome,
    errors: Vec<Pointer>,
    #[serde(default)]
    examples: Vec<Example>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Param {
    pub(crate) name: String,
    required: bool,
    #[serde(default)]
    description: String,
    schema: Value,
}

#[derive(Debug, Deserialize)]
struct Outcome {
    schema: Value,
}

#[derive(Debug, Deserialize)]
struct Pointer {
    #[serde(rename = "$ref")]
    path: String,
}

/// An OpenRPC example pairing.
#[derive(Debug, Deserialize)]
struct Example {
    #[serde(default)]
    params: Vec<Given>,
    result: Option<Given>,
}

#[derive(Debug, Deserialize)]
struct Given {
    name: String,
    value: Value,
}

impl Reference {
    pub(crate) fn load() -> Result<Self, serde_json::Error> {
        serde_json::from_value(openrpc::document())
    }

    pub(crate) fn method(&self, name: &str) -> Option<&Method> {
        self.methods.iter().find(|method| method.name == name)
    }

    /// The method whose name is most like `name`, if any is.
    pub(crate) fn method_like(&self, name: &str) -> Option<&str> {
        nearest(name, self.methods.iter().map(|method| &*method.name))
    }

    /// What the values of `param` are, in a few words.
    pub(crate) fn kind(&self, param: &Param) -> String {
        self.components.schemas.kind(&param.schema)
    }

    /// The values of `param`, if they are few.
    pub(crate) fn choices(&self, param: &Param) -> Vec<String> {
        self.components.schemas.choices(&param.schema)
    }

    /// Whether `param` takes text and nothing else.
    pub(crate) fn is_text(&self, param: &Param) -> bool {
        self.components.schemas.is_text(&param.schema)
    }

    /// `param` in a line: its kind, whether it is required, its description.
    pub(crate) fn describe(&self, param: &Param) -> String {
        let required = if param.required { ", required" } else { "" };
        let end = if param.description.is_empty() {
            ""
        } else {
            ": "
        };
        format!("{}{required}{end}{}", self.kind(param), param.description)
    }
}

impl Method {
    pub(crate) fn param(&self, name: &str) -> Option<&Param> {
        self.params.iter().find(|param| param.name == name)
    }

    /// The parameter whose name is most like `name`, if any is.
    pub(crate) fn param_like(&self, name: &str) -> Option<&str> {
        nearest(name, self.params.iter().map(|param| &*param.name))
    }
}

#[cfg(test)]
mod tests {
    use antiphon_api::methods::METHODS;

    use super::Reference;

    #[test]
    fn every_method_that_is_not_internal_is_described() {
        let reference = Reference::load().expect("the document reads");
        let wanted = METHODS.iter().filter(|method| !method.is_internal);
        let names: Vec<&str> = wanted.map(|method| method.name).collect();
        let described: Vec<&str> = reference.methods.iter().map(|it| &*it.name).collect();
        assert_eq!(described, names);
    }

    #[test]
    fn the_nearest_name_is_found_and_an_unlike_one_is_not() {
        let reference = Reference::load().expect("the document reads");
        assert_eq!(reference.method_like("mesage.sned"), Some("message.send"));
        assert_eq!(reference.method_like("zzz"), None);
        let send = reference.method("message.send").expect("is described");
        assert_eq!(send.param_like("chanel_id"), Some("channel_id"));
        assert_eq!(send.param_like("xyz"), None);
    }
}
