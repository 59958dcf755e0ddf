//! Newtypes for every id, position and counter.
//!
//! All are integers that a JavaScript number holds exactly (below 2^53); decoding refuses
//! anything else, so a value of one of these types that came from outside is in range.

use std::{fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The largest integer JavaScript represents exactly, 2^53 - 1.
pub const MAX_SAFE_INTEGER: i64 = (1 << 53) - 1;

macro_rules! integer {
    ($(#[doc = $doc:literal])* $name:ident, $minimum:literal) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl $name {
            pub const MIN: Self = Self($minimum);

            #[must_use]
            pub const fn get(self) -> i64 {
                self.0
            }

            /// `None` when `value` is outside `MIN..=MAX_SAFE_INTEGER`.
            #[must_use]
            pub fn checked(value: i64) -> Option<Self> {
                ($minimum..=MAX_SAFE_INTEGER).contains(&value).then_some(Self(value))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = i64::deserialize(deserializer).ok();
                value.and_then(Self::checked).ok_or_else(|| {
                    de::Error::custom(concat!(
                        "expected an integer from ", stringify!($minimum), " to 9007199254740991"
                    ))
                })
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "description": concat!($($doc),*).trim(),
                    "type": "integer",
                    "minimum": $minimum,
                    "maximum": MAX_SAFE_INTEGER,
                })
            }
        }
    };
}

integer!(/// A user's id.
    UserId, 1);
integer!(/// A workspace's id.
    WorkspaceId, 1);
integer!(/// A channel's id.
    ChannelId, 1);
integer!(/// A message's id; ids rise in the order messages were committed.
    MessageId, 1);
integer!(/// A huddle's id.
    HuddleId, 1);
integer!(/// A stay in a huddle; who joins again gets a higher one, and the lower is worth nothing.
    HuddleLease, 1);
integer!(/// A canvas's id.
    CanvasId, 1);
integer!(/// A place in the server's log. Positions rise and have gaps.
    Pos, 0);
integer!(/// The number of an event within one session; rises by one per event.
    Seq, 0);
integer!(/// How often an entity has changed; of two copies the higher revision is the newer.
    Revision, 1);
integer!(/// Milliseconds since 1970-01-01T00:00:00Z.
    UnixMs, 0);
integer!(/// Microseconds since 1970-01-01T00:00:00Z.
    UnixUs, 0);

impl UserId {
    /// The probe, by which an installation is tried out. Nobody else ever has this id, and it has no
    /// user: who names it in a token is not believed.
    pub const PROBE: Self = Self(MAX_SAFE_INTEGER);
}

/// Whose session it is; on the wire `user:42`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Principal {
    User(UserId),
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user:{id}"),
        }
    }
}

/// The text names no principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a principal such as user:42")]
pub struct UnknownPrincipal;

impl FromStr for Principal {
    type Err = UnknownPrincipal;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, id) = text.split_once(':').ok_or(UnknownPrincipal)?;
        let id = id
            .parse()
            .ok()
            .and_then(UserId::checked)
            .ok_or(UnknownPrincipal)?;
        match kind {
            "user" => Ok(Self::User(id)),
            _ => Err(UnknownPrincipal),
        }
    }
}

impl Serialize for Principal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Principal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl Seq {
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl UnixMs {
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0 + ms)
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_SAFE_INTEGER, UserId};

    #[test]
    fn an_id_outside_what_javascript_holds_is_refused() {
        let parse = |text: &str| serde_json::from_str::<UserId>(text);
        assert_eq!(parse("1").ok(), Some(UserId(1)));
        assert_eq!(
            parse(&MAX_SAFE_INTEGER.to_string()).ok(),
            Some(UserId(MAX_SAFE_INTEGER))
        );
        for bad in ["0", "-1", "9007199254740992", "1.5", "\"1\"", "null"] {
            assert!(parse(bad).is_err(), "{bad} was accepted");
        }
    }
}
