//! What a method is: a type with `Params` and `Result`.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::ErrorCode;

/// What calling a method may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Changes what is stored; takes an `idempotency_key`.
    Mutation,
    /// Changes nothing that is stored.
    Query,
    /// Exists for the operator alone: unknown to everybody else, and not in the
    /// OpenRPC document.
    Internal,
}

/// One RPC method. Declared with [`method!`](crate::method!), listed in
/// [`METHODS`](crate::methods::METHODS).
pub trait Method: 'static {
    /// `family.verb`.
    const NAME: &'static str;
    const KIND: Kind;
    /// The first sentence of the documentation.
    const SUMMARY: &'static str;
    /// What it can fail with, beyond JSON-RPC's own codes, `unauthenticated` and `unavailable`.
    const ERRORS: &'static [ErrorCode];
    type Params: Serialize + DeserializeOwned + JsonSchema + Send + 'static;
    type Result: Serialize + DeserializeOwned + JsonSchema + Send + 'static;
}

/// The parameters of a method that takes none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoParams {}

/// The result of a method that has nothing to say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Done {}

/// A method as data: what documents and completions are made from.
#[derive(Clone, Copy)]
pub struct MethodInfo {
    pub name: &'static str,
    pub kind: Kind,
    pub summary: &'static str,
    pub errors: &'static [ErrorCode],
    pub params: fn(&mut SchemaGenerator) -> Schema,
    pub result: fn(&mut SchemaGenerator) -> Schema,
}

impl MethodInfo {
    #[must_use]
    pub const fn of<M: Method>() -> Self {
        Self {
            name: M::NAME,
            kind: M::KIND,
            summary: M::SUMMARY,
            errors: M::ERRORS,
            params: M::Params::json_schema,
            result: SchemaGenerator::subschema_for::<M::Result>,
        }
    }
}

/// Declares a method: its documentation, name, kind, `Type(Params) -> Result` and errors.
#[macro_export]
macro_rules! method {
    ($(#[doc = $doc:literal])* $name:literal $kind:ident
     $type:ident($params:ty) -> $result:ty, [$($error:ident),*]) => {
        $(#[doc = $doc])*
        pub enum $type {}

        impl $crate::Method for $type {
            const NAME: &'static str = $name;
            const KIND: $crate::Kind = $crate::Kind::$kind;
            const SUMMARY: &'static str = concat!($($doc),*);
            const ERRORS: &'static [$crate::ErrorCode] = &[$($crate::ErrorCode::$error),*];
            type Params = $params;
            type Result = $result;
        }
    };
}
