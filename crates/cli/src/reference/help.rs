//! A method's page.

use std::fmt::{Error, Write};

use serde_json::Value;

use super::{Example, Method, Reference};
use crate::params;

/// How deep the fields of a result are told: an entity, and what lies in it.
const DEPTH: usize = 3;

impl Reference {
    /// Everything the document says of `method`.
    pub(crate) fn help(&self, method: &Method) -> Result<String, Error> {
        let mut page = String::new();
        writeln!(page, "{}\n", method.summary)?;
        writeln!(page, "{}", usage(method))?;
        self.params(&mut page, method)?;
        self.result(&mut page, method)?;
        self.errors(&mut page, method)?;
        for example in &method.examples {
            self.example(&mut page, method, example)?;
        }
        Ok(page)
    }

    fn params(&self, page: &mut String, method: &Method) -> Result<(), Error> {
        if method.params.is_empty() {
            return Ok(());
        }
        writeln!(page, "\nParameters:")?;
        let width = widest(method.params.iter().map(|param| &param.name));
        for param in &method.params {
            writeln!(page, "  {:<width$}  {}", param.name, self.describe(param))?;
        }
        Ok(())
    }

    fn result(&self, page: &mut String, method: &Method) -> Result<(), Error> {
        let before = page.len();
        writeln!(page, "\nResult:")?;
        let heading = page.len();
        self.fields(page, &method.result.schema, 1)?;
        if page.len() == heading {
            page.truncate(before);
        }
        Ok(())
    }

    fn fields(&self, page: &mut String, schema: &Value, depth: usize) -> Result<(), Error> {
        let schemas = &self.components.schemas;
        let Some(properties) = schemas.properties(schema).filter(|_| depth <= DEPTH) else {
            return Ok(());
        };
        let (indent, width) = (2 * depth, widest(properties.keys()));
        for (name, property) in properties {
            let kind = schemas.kind(property);
            let line = match schemas.description(property) {
                "" => kind,
                description => format!("{kind}: {description}"),
            };
            writeln!(page, "{:indent$}{name:<width$}  {line}", "")?;
            self.fields(page, property, depth + 1)?;
        }
        Ok(())
    }

    fn errors(&self, page: &mut String, method: &Method) -> Result<(), Error> {
        writeln!(page, "\nErrors:")?;
        let names = method
            .errors
            .iter()
            .map(|error| error.path.rsplit('/').next());
        let names: Vec<&str> = names.flatten().collect();
        let width = widest(&names);
        for name in names {
            if let Some(error) = self.components.errors.get(name) {
                writeln!(page, "  {} {name:<width$}  {}", error.code, error.message)?;
            }
        }
        Ok(())
    }

    fn example(&self, page: &mut String, method: &Method, example: &Example) -> Result<(), Error> {
        write!(page, "\nExample:\n  antiphon call {}", method.name)?;
        for given in &example.params {
            let param = method.param(&given.name);
            let is_text = param.is_some_and(|param| self.is_text(param));
            let text = params::text(&given.value, is_text);
            write!(page, " {}", shell_word(&format!("{}={text}", given.name)))?;
        }
        writeln!(page)?;
        match &example.result {
            Some(result) => writeln!(page, "  {}", result.value),
            None => Ok(()),
        }
    }
}

fn usage(method: &Method) -> String {
    let required = method.params.iter().filter(|param| param.required);
    let required: String = required.map(|param| format!(" {}=…", param.name)).collect();
    let others = method.params.iter().any(|param| !param.required);
    let others = if others { " [NAME=VALUE]…" } else { "" };
    format!("Usage: antiphon call {}{required}{others}", method.name)
}

fn widest(names: impl IntoIterator<Item = impl AsRef<str>>) -> usize {
    let lengths = names.into_iter().map(|name| name.as_ref().len());
    lengths.max().unwrap_or(0)
}

/// `text` as one word of bash, zsh or fish.
fn shell_word(text: &str) -> String {
    let is_safe = |char: char| char.is_ascii_alphanumeric() || "_-./:=,@+%".contains(char);
    if text.chars().all(is_safe) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::Reference;

    fn page(reference: &Reference, name: &str) -> String {
        let method = reference.method(name).expect("is described");
        reference.help(method).expect("is written")
    }

    #[test]
    fn a_page_tells_params_result_and_errors() {
        let page = page(&Reference::load().expect("reads"), "channel.create");
        for line in [
            "Creates a channel with the caller in it",
            "Usage: antiphon call channel.create kind=… workspace_id=… [NAME=VALUE]…",
            "  kind             public, private or dm, required: Who may see a channel.",
            "  peer_ids         list of integer: The other people of a dm",
            "  channel  Channel: A place for messages, within a workspace.",
            "    member_ids    list of integer: Who is in it",
            "  -32004 not_found        Absent",
        ] {
            assert!(page.contains(line), "no {line:?} in {page}");
        }
    }

    #[test]
    fn a_page_leaves_out_what_a_method_has_not() {
        let reference = Reference::load().expect("reads");
        let me = page(&reference, "user.me");
        assert!(
            !me.contains("Parameters:") && me.contains("Result:"),
            "{me}"
        );
        let leave = page(&reference, "channel.leave");
        assert!(
            leave.contains("Parameters:") && !leave.contains("Result:"),
            "{leave}"
        );
    }

    #[test]
    fn an_example_is_a_line_to_paste() {
        let mut document = antiphon_api::openrpc::document();
        let methods = document["methods"].as_array_mut().expect("an array");
        let send = methods
            .iter_mut()
            .find(|method| method["name"] == "message.send");
        let send: &mut Value = send.expect("is there");
        send["examples"] = json!([{
            "name": "a",
            "params": [
                { "name": "channel_id", "value": 1 },
                { "name": "body", "value": "it's 5" },
                { "name": "idempotency_key", "value": "7" },
            ],
            "result": { "name": "result", "value": { "ok": true } },
        }]);
        let page = page(
            &serde_json::from_value(document).expect("reads"),
            "message.send",
        );
        let line = r"antiphon call message.send channel_id=1 'body=it'\''s 5' idempotency_key=7";
        assert!(
            page.contains(line) && page.contains(r#"  {"ok":true}"#),
            "{page}"
        );
    }
}
