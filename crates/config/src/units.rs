//! The kinds of value. Each says its unit and its bounds once, for who reads a file and for the
//! documentation.

use std::{borrow::Cow, fmt, str::FromStr, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Unexpected, Visitor},
};

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count<const MIN: u64, const MAX: u64>(u64);

impl<const MIN: u64, const MAX: u64> Count<MIN, MAX> {
    /// For numbers written in the code: one out of bounds does not compile, or else panics.
    #[must_use]
    pub const fn of(number: u64) -> Self {
        assert!(MIN <= number && number <= MAX, "it is out of its bounds");
        Self(number)
    }

    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl<'de, const MIN: u64, const MAX: u64> Deserialize<'de> for Count<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number<const MIN: u64, const MAX: u64>;
        impl<const MIN: u64, const MAX: u64> Visitor<'_> for Number<MIN, MAX> {
            type Value = Count<MIN, MAX>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a whole number from {MIN} to {MAX}")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
                if (MIN..=MAX).contains(&number) {
                    Ok(Count(number))
                } else {
                    Err(E::invalid_value(Unexpected::Unsigned(number), &self))
                }
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
                match u64::try_from(number) {
                    Ok(number) => self.visit_u64(number),
                    Err(_) => Err(E::invalid_value(Unexpected::Signed(number), &self)),
                }
            }
        }
        deserializer.deserialize_u64(Number::<MIN, MAX>)
    }
}

impl<const MIN: u64, const MAX: u64> Serialize for Count<MIN, MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<const MIN: u64, const MAX: u64> JsonSchema for Count<MIN, MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Count".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": MIN, "maximum": MAX })
    }
}

/// A length of time from `MIN_MS` to `MAX_MS` milliseconds, written as `25s`, `250ms` or `1h 30m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time<const MIN_MS: u64, const MAX_MS: u64>(Duration);

impl<const MIN_MS: u64, const MAX_MS: u64> Time<MIN_MS, MAX_MS> {
    /// For times written in the code: one out of bounds panics.
    #[must_use]
    pub fn of(time: Duration) -> Self {
        assert!(Self::bounds().contains(&time), "it is out of its bounds");
        Self(time)
    }

    #[must_use]
    pub const fn get(self) -> Duration {
        self.0
    }

    fn bounds() -> std::ops::RangeInclusive<Duration> {
        Duration::from_millis(MIN_MS)..=Duration::from_millis(MAX_MS)
    }

    fn expected() -> String {
        let (least, most) = Self::shown();
        format!("a time from {least} to {most}, with a unit, as \"25s\" or \"7d\"")
    }

    fn shown() -> (String, String) {
        let (least, most) = Self::bounds().into_inner();
        (written(least), written(most))
    }
}

impl<const MIN_MS: u64, const MAX_MS: u64> FromStr for Time<MIN_MS, MAX_MS> {
    /// What was expected.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let time = humantime::parse_duration(text).ok();
        time.filter(|time| Self::bounds().contains(time))
            .map(Self)
            .ok_or_else(|| format!("expected {}", Self::expected()))
    }
}

const DAY_S: u64 = 24 * 60 * 60;

/// A time as a configuration file has it. Days are the longest unit: nobody counts the hours of a
/// month or a year in the same way.
fn written(time: Duration) -> String {
    let days = time.as_secs() / DAY_S;
    let rest = time - Duration::from_secs(days * DAY_S);
    match (days, rest) {
        (0, rest) => humantime::format_duration(rest).to_string(),
        (days, Duration::ZERO) => format!("{days}d"),
        (days, rest) => format!("{days}d {}", humantime::format_duration(rest)),
    }
}

impl<'de, const MIN_MS: u64, const MAX_MS: u64> Deserialize<'de> for Time<MIN_MS, MAX_MS> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text<const MIN_MS: u64, const MAX_MS: u64>;
        impl<const MIN_MS: u64, const MAX_MS: u64> Visitor<'_> for Text<MIN_MS, MAX_MS> {
            type Value = Time<MIN_MS, MAX_MS>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&Time::<MIN_MS, MAX_MS>::expected())
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                text.parse()
                    .map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Text::<MIN_MS, MAX_MS>)
    }
}

impl<const MIN_MS: u64, const MAX_MS: u64> Serialize for Time<MIN_MS, MAX_MS> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&written(self.0))
    }
}

impl<const MIN_MS: u64, const MAX_MS: u64> JsonSchema for Time<MIN_MS, MAX_MS> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let (least, most) = Self::shown();
        json_schema!({ "type": "string", "format": "duration", "x-least": least, "x-most": most })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::written;

    #[test]
    fn a_time_is_written_in_days_at_most_and_reads_back() {
        for (ms, expected) in [
            (0, "0s"),
            (250, "250ms"),
            (5_400_000, "1h 30m"),
            (7 * 86_400_000, "7d"),
            (400 * 86_400_000 + 3_600_001, "400d 1h 1ms"),
            (3650 * 86_400_000, "3650d"),
        ] {
            let time = Duration::from_millis(ms);
            assert_eq!(written(time), expected);
            assert_eq!(humantime::parse_duration(expected), Ok(time));
        }
    }
}
