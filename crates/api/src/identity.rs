//! Who somebody is by their token, and the end of tokens before their time. Gateway and server tell
//! each other this and nobody else; it stands here and not in `wire` because tokens are verified, and
//! revocations kept, in crates that know of no wire.

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

/// What is known of a token that somebody presents: nothing of a development token, or without one.
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
    fn a_revocation_includes_one_of_the_same_token_or_of_fewer_that_does_not_last_longer() {
        let all = revocation(None);
        let earlier = |before, until| Revocation {
            before: UnixMs(before),
            until: UnixMs(until),
            ..revocation(None)
        };
        assert!(all.includes(&earlier(4, 9)) && all.includes(&earlier(5, 8)));
        assert!(!all.includes(&earlier(6, 9)) && !all.includes(&earlier(5, 10)));
        let one = revocation(Some("a"));
        assert!(one.includes(&one) && !one.includes(&revocation(Some("b"))));
        assert!(!one.includes(&all) && !all.includes(&one));
        let longer = Revocation {
            until: UnixMs(10),
            ..one.clone()
        };
        assert!(longer.includes(&one) && !one.includes(&longer));
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
