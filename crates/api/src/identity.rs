//! Who somebody is by their token, and the end of tokens before their time. Gateway and server
//! tell each other this; nobody else is told.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{Principal, UnixMs, UserId};

/// Who a connection or call is for, and what is known of the token it came with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Identity {
    pub user_id: UserId,
    #[serde(flatten)]
    pub token: Presented,
}

impl Identity {
    /// Without a token.
    #[must_use]
    pub fn of(user_id: UserId) -> Self {
        Self {
            user_id,
            token: Presented::default(),
        }
    }
}

/// A token that somebody presents. Nothing is known of none at all, and of a development token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Presented {
    /// `None` if it does not end.
    #[serde(rename = "token_expires_at")]
    pub expires_at: Option<UnixMs>,
    /// Its name, if it has one.
    pub jti: Option<String>,
    /// When it was issued, if it says so.
    pub issued_at: Option<UnixMs>,
}

/// Tokens that have ended before their time: the one called `jti`, or every one issued before
/// `before`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    pub principal: Principal,
    pub jti: Option<String>,
    pub before: UnixMs,
    /// When it may be forgotten, because every token it covers has ended by itself.
    pub until: UnixMs,
}

impl Revocation {
    /// Whether it covers, for as long, all that another one of the same principal does.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        let lasts = self.until >= other.until;
        let all = self.jti.is_none() && other.jti.is_none() && self.before >= other.before;
        lasts && (all || (self.jti.is_some() && self.jti == other.jti))
    }

    /// Whether it covers this token of the principal's. Without a `jti` of its own it covers those
    /// issued before it, and those that do not say when they were.
    #[must_use]
    pub fn covers(&self, token: &Presented) -> bool {
        match &self.jti {
            Some(own) => token.jti.as_ref() == Some(own),
            None => token.issued_at.is_none_or(|issued| issued < self.before),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Presented, Revocation};
    use crate::ids::{Principal, UnixMs, UserId};

    fn revocation(jti: Option<&str>) -> Revocation {
        Revocation {
            principal: Principal::User(UserId(1)),
            jti: jti.map(str::to_owned),
            before: UnixMs(5),
            until: UnixMs(9),
        }
    }

    fn token(jti: Option<&str>, issued_at: Option<i64>) -> Presented {
        Presented {
            expires_at: None,
            jti: jti.map(str::to_owned),
            issued_at: issued_at.map(UnixMs),
        }
    }

    #[test]
    fn a_revocation_covers_its_own_token_or_all_that_are_older() {
        let (old, new) = (Some(4), Some(5));
        assert!(revocation(Some("a")).covers(&token(Some("a"), new)));
        assert!(!revocation(Some("a")).covers(&token(Some("b"), old)));
        assert!(!revocation(Some("a")).covers(&token(None, old)));
        assert!(revocation(None).covers(&token(Some("a"), old)));
        assert!(!revocation(None).covers(&token(Some("a"), new)));
        assert!(revocation(None).covers(&token(Some("a"), None)));
    }
}
