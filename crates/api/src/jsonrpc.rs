//! JSON-RPC 2.0 messages as they travel.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::RpcError;

/// The most calls in one batch.
pub const MAX_BATCH: usize = 100;
/// Once a batch's answers so far are over so many bytes, its remaining calls are not carried out and
/// are answered `too_large`. With the one answer that goes over it, it stays under the 16 MiB that
/// a client takes.
pub const MAX_BATCH_ANSWER_BYTES: usize = 8 << 20;
/// The largest request body, in bytes.
pub const MAX_REQUEST_BYTES: usize = 1 << 20;

/// One call; without an id a notification.
#[derive(Debug, Serialize, Deserialize)]
pub struct Request<'a> {
    #[serde(borrow)]
    pub jsonrpc: Cow<'a, str>,
    #[serde(borrow)]
    pub method: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub params: Option<&'a RawValue>,
    /// Absent from a notification; null is an id.
    #[serde(
        borrow,
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub id: Option<&'a RawValue>,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// The answer to one call.
#[derive(Debug, Serialize, Deserialize)]
pub struct Response {
    pub jsonrpc: Version,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RpcError>,
    /// Null when the request's id could not be read.
    pub id: Option<Box<RawValue>>,
}

/// The string `"2.0"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Version {
    #[default]
    #[serde(rename = "2.0")]
    V2,
}

impl Response {
    #[must_use]
    pub fn new(id: Option<Box<RawValue>>, outcome: Result<Box<RawValue>, RpcError>) -> Self {
        let (result, error) = match outcome {
            Ok(result) => (Some(result), None),
            Err(error) => (None, Some(error)),
        };
        Self {
            jsonrpc: Version::V2,
            result,
            error,
            id,
        }
    }
}
