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
}

impl Kind {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mutation => "mutation",
            Self::Query => "query",
        }
    }
}

/// Which of a user's budgets a call is taken from; each has its own rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Queries.
    Read,
    /// Mutations.
    Write,
    /// Queries that may look at much: snapshots, searches.
    Heavy,
    /// What is sent often and means little alone: typing, renewals of leases.
    Signal,
}

impl Class {
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Heavy, Self::Signal];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Heavy => "heavy",
            Self::Signal => "signal",
        }
    }

    /// The class of a method that does not name one.
    #[must_use]
    pub const fn usual(kind: Kind) -> Self {
        match kind {
            Kind::Mutation => Self::Write,
            Kind::Query => Self::Read,
        }
    }
}

/// One RPC method. Declared with [`method!`](crate::method!), listed in
/// [`METHODS`](crate::methods::METHODS).
pub trait Method: 'static {
    /// `family.verb`.
    const NAME: &'static str;
    const KIND: Kind;
    /// Exists for the operator alone: unknown to everybody else, and not in the OpenRPC document.
    const IS_INTERNAL: bool;
    const CLASS: Class;
    /// The first sentence of the documentation.
    const SUMMARY: &'static str;
    /// What the documentation says after it; may be empty.
    const DESCRIPTION: &'static str;
    /// What it can fail with, beyond JSON-RPC's own codes, `unauthenticated` and `unavailable`.
    const ERRORS: &'static [ErrorCode];
    /// The parameters, as JSON, of a call by user 1 that succeeds on the stage: the demo workspace
    /// and what the server's test `examples` adds to it.
    const EXAMPLE: &'static str;
    /// Of a method that will go: the one to call in its place.
    const DEPRECATED: Option<&'static str> = None;
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
    pub is_internal: bool,
    pub class: Class,
    pub summary: &'static str,
    pub description: &'static str,
    pub errors: &'static [ErrorCode],
    pub example: &'static str,
    /// The method to call in its place.
    pub deprecated: Option<&'static str>,
    pub params: fn(&mut SchemaGenerator) -> Schema,
    pub result: fn(&mut SchemaGenerator) -> Schema,
}

impl MethodInfo {
    #[must_use]
    pub const fn of<M: Method>() -> Self {
        Self {
            name: M::NAME,
            kind: M::KIND,
            is_internal: M::IS_INTERNAL,
            class: M::CLASS,
            summary: M::SUMMARY,
            description: M::DESCRIPTION,
            errors: M::ERRORS,
            example: M::EXAMPLE,
            deprecated: M::DEPRECATED,
            params: M::Params::json_schema,
            result: SchemaGenerator::subschema_for::<M::Result>,
        }
    }
}

/// A documentation's first sentence, and what follows it.
#[doc(hidden)]
#[must_use]
pub const fn first_sentence(documentation: &str) -> (&str, &str) {
    let bytes = documentation.as_bytes();
    let mut end = 1;
    while end < bytes.len() && !(bytes[end - 1] == b'.' && bytes[end] == b' ') {
        end += 1;
    }
    let (first, rest) = documentation.split_at(end);
    (first.trim_ascii(), rest.trim_ascii())
}

/// Declares a method: its documentation, whether it is internal, name, kind (and class, if it is not
/// the usual one), `Type(Params) -> Result`, errors, the parameters of an example, and, if it is
/// deprecated, what to call in its place.
#[macro_export]
macro_rules! method {
    ($(#[doc = $doc:literal])* $($internal:ident)? $name:literal $kind:ident $(/ $class:ident)?
     $type:ident($params:ty) -> $result:ty, [$($error:ident),*], example $example:tt
     $(, deprecated $instead:literal)?) => {
        $(#[doc = $doc])*
        pub enum $type {}

        impl $crate::Method for $type {
            const NAME: &'static str = $name;
            const KIND: $crate::Kind = $crate::Kind::$kind;
            const IS_INTERNAL: bool = $crate::is_internal!($($internal)?);
            const CLASS: $crate::Class = $crate::class_of!($kind $($class)?);
            const SUMMARY: &'static str = $crate::method::first_sentence(concat!($($doc),*)).0;
            const DESCRIPTION: &'static str =
                $crate::method::first_sentence(concat!($($doc),*)).1;
            const ERRORS: &'static [$crate::ErrorCode] = &[$($crate::ErrorCode::$error),*];
            const EXAMPLE: &'static str = stringify!($example);
            $(const DEPRECATED: Option<&'static str> = Some($instead);)?
            type Params = $params;
            type Result = $result;
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! class_of {
    ($kind:ident) => {
        $crate::Class::usual($crate::Kind::$kind)
    };
    ($kind:ident $class:ident) => {
        $crate::Class::$class
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! is_internal {
    () => {
        false
    };
    (internal) => {
        true
    };
}

#[cfg(test)]
mod tests {
    use super::first_sentence;

    #[test]
    fn a_documentation_is_divided_after_its_first_sentence() {
        let divided = first_sentence(" Sends `message.created`. Then, more. And more.");
        assert_eq!(
            divided,
            ("Sends `message.created`.", "Then, more. And more.")
        );
        assert_eq!(first_sentence(" One alone."), ("One alone.", ""));
    }
}
