//! The parameters of `antiphon call`: one JSON object, which is sent as it is, or `NAME=VALUE` as
//! often as needed, which is checked against the method's description. The two do not mix.
//!
//! A value is JSON if it can be read as JSON, and text otherwise; a parameter that takes text takes
//! `body=5` as text too, and `body='"5"'` is the same.

use serde_json::{Map, Value, value::RawValue};

use crate::{
    exit::Misused,
    reference::{Method, Reference},
};

/// One argument after the method.
#[derive(Clone, Debug)]
pub(crate) enum Word {
    Json(Box<RawValue>),
    Named { name: String, text: String },
}

impl Word {
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        if text.trim_start().starts_with(['{', '[']) {
            let json = RawValue::from_string(text.to_owned());
            return json.map(Self::Json).map_err(|error| {
                format!(
                    "this is not JSON ({error}); quote it for the shell: '{{\"name\": \"value\"}}'"
                )
            });
        }
        match text.split_once('=') {
            Some((name, text)) if !name.is_empty() => Ok(Self::Named {
                name: name.to_owned(),
                text: text.to_owned(),
            }),
            _ => Err("expected NAME=VALUE, or a JSON object: '{\"name\": \"value\"}'".to_owned()),
        }
    }
}

/// What to send. A method that is not described here may exist at the server: its names are passed
/// on unchecked.
pub(crate) fn params(
    method: &str,
    words: &[Word],
    reference: &Reference,
) -> Result<Option<Box<RawValue>>, Misused> {
    match words {
        [] => return Ok(None),
        [Word::Json(object)] => return Ok(Some(object.clone())),
        _ => {}
    }
    let known = reference.method(method);
    let mut params = Map::new();
    for word in words {
        let Word::Named { name, text } = word else {
            let problem = "give the parameters as one JSON object or as NAME=VALUE, not both";
            return Err(Misused(problem.to_owned()));
        };
        let value = match known {
            None => value(text, false),
            Some(known) => described(known, name, text, reference)?,
        };
        if params.insert(name.clone(), value).is_some() {
            return Err(Misused(format!("{name} is given more than once")));
        }
    }
    let params = serde_json::value::to_raw_value(&params);
    params.map(Some).map_err(|error| Misused(error.to_string()))
}

fn described(
    method: &Method,
    name: &str,
    text: &str,
    reference: &Reference,
) -> Result<Value, Misused> {
    let Some(param) = method.param(name) else {
        let method_name = &method.name;
        let hint = match method.param_like(name) {
            Some(like) => format!("did you mean {like}?"),
            None if method.params.is_empty() => "it takes none".to_owned(),
            None => format!("antiphon call {method_name} --help lists them"),
        };
        return Err(Misused(format!(
            "{method_name} has no parameter {name}; {hint}"
        )));
    };
    Ok(value(text, reference.is_text(param)))
}

fn value(text: &str, is_text: bool) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ Value::String(_)) => value,
        Ok(value) if !is_text => value,
        _ => Value::from(text),
    }
}

/// `value` written so that it is read back as itself.
pub(crate) fn text(value: &Value, is_text: bool) -> String {
    let bare = value.as_str();
    let bare = bare.filter(|text| self::value(text, is_text) == *value);
    bare.map_or_else(|| value.to_string(), ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Word, params, text, value};
    use crate::reference::Reference;

    fn read(method: &str, words: &[&str]) -> Result<Value, String> {
        let words: Vec<Word> = words
            .iter()
            .map(|word| Word::read(word))
            .collect::<Result<_, _>>()?;
        let reference = Reference::load().expect("reads");
        let params = params(method, &words, &reference).map_err(|error| error.to_string())?;
        Ok(params.map_or(Value::Null, |params| {
            serde_json::from_str(params.get()).expect("JSON")
        }))
    }

    #[test]
    fn a_value_is_json_where_it_is_json_and_text_where_text_is_taken() {
        let words = ["channel_id=1", "body=a=b c", "idempotency_key=7"];
        assert_eq!(
            read("message.send", &words),
            Ok(json!({ "channel_id": 1, "body": "a=b c", "idempotency_key": "7" }))
        );
        for body in ["body=", "body=null", "body={\"a\":1}"] {
            assert_eq!(
                read("message.send", &[body]),
                Ok(json!({ "body": body[5..] }))
            );
        }
        assert_eq!(
            read("message.send", &["body=\"5\""]),
            Ok(json!({ "body": "5" }))
        );
        let words = ["workspace_id=1", "kind=dm", "peer_ids=[2,3]"];
        assert_eq!(
            read("channel.create", &words),
            Ok(json!({ "workspace_id": 1, "kind": "dm", "peer_ids": [2, 3] }))
        );
    }

    #[test]
    fn an_object_is_sent_as_it_is_and_alone() {
        assert_eq!(read("message.send", &["{\"x\": 1}"]), Ok(json!({ "x": 1 })));
        assert_eq!(read("user.me", &[]), Ok(Value::Null));
        let both = read("message.send", &["{}", "body=x"]);
        assert!(both.expect_err("refused").contains("not both"));
    }

    #[test]
    fn a_wrong_name_is_told_with_the_nearest_right_one() {
        let error = |method, word| read(method, &[word]).expect_err("refused");
        assert!(error("message.send", "chanel_id=1").contains("did you mean channel_id?"));
        assert!(error("message.send", "zzz=1").contains("message.send --help"));
        assert!(error("user.me", "name=ada").contains("it takes none"));
        assert!(error("user.me", "ada").contains("NAME=VALUE"));
        assert!(error("user.me", "{").contains("not JSON"));
        let twice = read("message.send", &["body=a", "body=b"]);
        assert!(
            twice
                .expect_err("refused")
                .contains("body is given more than once")
        );
    }

    #[test]
    fn a_method_that_is_not_described_is_passed_on() {
        assert_eq!(
            read("future.do", &["a=1", "b=x"]),
            Ok(json!({ "a": 1, "b": "x" }))
        );
    }

    #[test]
    fn what_is_written_as_an_argument_is_read_back() {
        for of in [
            json!("5"),
            json!("\"5\""),
            json!("x y"),
            json!(5),
            json!([1]),
            json!("{}"),
        ] {
            assert_eq!(value(&text(&of, false), false), of);
        }
        for of in [json!("5"), json!("\"5\""), json!("x y"), json!("{}")] {
            assert_eq!(value(&text(&of, true), true), of);
        }
    }
}
