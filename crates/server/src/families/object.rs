//! JSON objects that clients change in part.

use antiphon_api::RpcError;
use serde_json::{Map, Value};

use crate::context::Failure;

/// The object as JSON, if it is not too much. `what` names it.
pub(super) fn bounded(
    what: &str,
    object: &Map<String, Value>,
    max_bytes: usize,
    max_depth: usize,
) -> Result<String, Failure> {
    let levels = 1 + object.values().map(depth).max().unwrap_or_default();
    if levels > max_depth {
        let message = format!("{what} is over {max_depth} levels of objects and arrays deep");
        return Err(RpcError::over(max_depth, message).into());
    }
    let text = serde_json::to_string(object)?;
    if text.len() > max_bytes {
        return Err(RpcError::too_large(what, max_bytes).into());
    }
    Ok(text)
}

/// Merges `patch` into `target` as RFC 7396 says: null removes, objects merge, the rest replaces.
pub(super) fn merge(target: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (key, change) in patch {
        if change.is_null() {
            target.remove(&key);
        } else if let Value::Object(change) = change {
            let mut object = Map::new();
            if let Some(Value::Object(held)) = target.remove(&key) {
                object = held;
            }
            merge(&mut object, change);
            target.insert(key, Value::Object(object));
        } else {
            target.insert(key, change);
        }
    }
}

/// How many objects and arrays lie within each other, `value` included.
fn depth(value: &Value) -> usize {
    let within = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(fields) => fields.values().map(depth).max(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return 0,
    };
    1 + within.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{depth, merge};

    fn merged(target: Value, patch: Value) -> Value {
        let (Value::Object(mut target), Value::Object(patch)) = (target, patch) else {
            panic!("objects are merged");
        };
        merge(&mut target, patch);
        Value::Object(target)
    }

    /// The examples of RFC 7396, appendix A, whose target and patch are objects.
    #[test]
    fn it_merges_as_the_rfc_says() {
        for (target, patch, expected) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (
                json!({"a": "b"}),
                json!({"b": "c"}),
                json!({"a": "b", "b": "c"}),
            ),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (
                json!({"a": "b", "b": "c"}),
                json!({"a": null}),
                json!({"b": "c"}),
            ),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (
                json!({"a": [{"b": "c"}]}),
                json!({"a": [1]}),
                json!({"a": [1]}),
            ),
            (
                json!({"e": null}),
                json!({"a": 1}),
                json!({"e": null, "a": 1}),
            ),
            (
                json!({}),
                json!({"a": {"bb": {"ccc": null}}}),
                json!({"a": {"bb": {}}}),
            ),
        ] {
            assert_eq!(merged(target, patch), expected);
        }
    }

    #[test]
    fn depth_counts_objects_and_arrays() {
        for (value, expected) in [
            (json!(1), 0),
            (json!({}), 1),
            (json!({"a": [], "b": {"c": [1]}}), 3),
        ] {
            assert_eq!(depth(&value), expected, "{value}");
        }
    }
}
