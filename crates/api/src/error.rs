//! The errors an RPC can answer with: one table of codes, names and HTTP statuses.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $variant:ident = $code:literal, $name:literal, $status:literal;)*) => {
        /// What went wrong, as a JSON-RPC error code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $($(#[doc = $doc])* $variant,)* }

        impl ErrorCode {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            #[must_use]
            pub const fn code(self) -> i32 {
                match self { $(Self::$variant => $code,)* }
            }

            /// The name used in documentation and logs.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What the code means, in a sentence.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),*).trim(),)* }
            }

            /// The HTTP status of a single call that fails with this code.
            #[must_use]
            pub const fn http_status(self) -> u16 {
                match self { $(Self::$variant => $status,)* }
            }

            #[must_use]
            pub fn from_code(code: i32) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

codes! {
    /// The text is not JSON.
    ParseError = -32700, "parse_error", 200;
    /// The JSON is not a JSON-RPC 2.0 request.
    InvalidRequest = -32600, "invalid_request", 200;
    /// No such method.
    MethodNotFound = -32601, "method_not_found", 200;
    /// The parameters do not fit the method.
    InvalidParams = -32602, "invalid_params", 200;
    /// The server failed; the request id finds it in the log.
    Internal = -32603, "internal", 200;
    /// No valid token, or a method that acts as a user was called without one.
    Unauthenticated = -32001, "unauthenticated", 401;
    /// The caller may see it but not do this.
    Forbidden = -32003, "forbidden", 403;
    /// Absent, or not the caller's to see; the two cannot be told apart.
    NotFound = -32004, "not_found", 404;
    /// The state does not allow it, or the idempotency key was used with other parameters.
    Conflict = -32009, "conflict", 409;
    /// Too often; try again after `retry_after_ms`.
    RateLimited = -32010, "rate_limited", 429;
    /// Larger than `limit`.
    TooLarge = -32013, "too_large", 413;
    /// Not available now; with `indeterminate` true the call may have been carried out.
    Unavailable = -32050, "unavailable", 503;
}

/// A JSON-RPC error object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[error("{message} ({code})")]
pub struct RpcError {
    pub code: i32,
    pub message: String,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub data: Value,
}

impl RpcError {
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code: code.code(),
            message: message.into(),
            data: Value::Null,
        }
    }

    /// With one more field in `data`.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        if !self.data.is_object() {
            self.data = json!({});
        }
        self.data[field] = value.into();
        self
    }

    /// `path` names the offending parameter, as `members[2].name`; `.` is the whole.
    #[must_use]
    pub fn invalid_param(path: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self::new(
            ErrorCode::InvalidParams,
            format!("invalid params: {path}: {message}"),
        )
        .with("errors", json!([{ "path": path, "message": message }]))
    }

    #[must_use]
    pub fn not_found(entity: &'static str, id: i64) -> Self {
        Self::new(
            ErrorCode::NotFound,
            format!("no {entity} {id} that you can see"),
        )
        .with("entity", entity)
        .with("id", id)
    }

    #[must_use]
    pub fn forbidden(permission: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Forbidden, message).with("permission", permission)
    }

    /// `existing` names what is in the way.
    #[must_use]
    pub fn conflict(existing: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Conflict, message).with("existing", existing)
    }

    /// There are `limit` already, and one more is not taken.
    #[must_use]
    pub fn full(limit: usize, message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Conflict, message).with("limit", limit)
    }

    /// What is asked is over `limit`, of what the message says.
    #[must_use]
    pub fn over(limit: usize, message: impl Into<String>) -> Self {
        Self::new(ErrorCode::TooLarge, message).with("limit", limit)
    }

    /// `what` has more than `limit` bytes.
    #[must_use]
    pub fn too_large(what: &str, limit: usize) -> Self {
        Self::over(limit, format!("{what} is over {limit} bytes"))
    }

    /// After `retry_after_ms` it may be tried again.
    #[must_use]
    pub fn rate_limited(message: impl Into<String>, retry_after_ms: u64) -> Self {
        Self::new(ErrorCode::RateLimited, message).with("retry_after_ms", retry_after_ms)
    }

    /// `indeterminate` says that the call may have been carried out all the same.
    #[must_use]
    pub fn unavailable(message: impl Into<String>, indeterminate: bool) -> Self {
        Self::new(ErrorCode::Unavailable, message)
            .with("retry_after_ms", 1000)
            .with("indeterminate", indeterminate)
    }

    #[must_use]
    pub fn kind(&self) -> Option<ErrorCode> {
        ErrorCode::from_code(self.code)
    }
}
