//! Tokens for a LiveKit server: JWTs with grants, signed with HMAC-SHA256 under the API secret that
//! it shares with this instance. It verifies them; nothing here does.

use std::fmt;

use antiphon_api::ids::UnixMs;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

use crate::SignError;

/// How long a token lets somebody connect, in milliseconds; who is connected stays.
pub const JOIN_TTL_MS: i64 = 600_000;
/// The same for a question to the server's own API.
pub const ASK_TTL_MS: i64 = 60_000;

/// An API key of a LiveKit server with its secret, which is never printed.
#[derive(Clone)]
pub struct ApiKey {
    name: String,
    secret: EncodingKey,
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({:?}, …)", self.name)
    }
}

/// The claims, named as LiveKit names them.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    /// Seconds since 1970.
    nbf: i64,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'a str>,
    video: Video<'a>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Video<'a> {
    room: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    room_join: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    room_admin: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    can_publish: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    can_subscribe: bool,
}

impl ApiKey {
    #[must_use]
    pub fn new(name: String, secret: &[u8]) -> Self {
        Self {
            name,
            secret: EncodingKey::from_secret(secret),
        }
    }

    /// A token that lets `identity` into a room, to talk and to listen, for [`JOIN_TTL_MS`].
    pub fn join(&self, room: &str, identity: &str, now: UnixMs) -> Result<String, SignError> {
        let video = Video {
            room,
            room_join: true,
            can_publish: true,
            can_subscribe: true,
            ..Video::default()
        };
        self.sign(Some(identity), video, now, JOIN_TTL_MS)
    }

    /// A token to ask who is in a room, for [`ASK_TTL_MS`].
    pub fn ask(&self, room: &str, now: UnixMs) -> Result<String, SignError> {
        let video = Video {
            room,
            room_admin: true,
            ..Video::default()
        };
        self.sign(None, video, now, ASK_TTL_MS)
    }

    fn sign(
        &self,
        sub: Option<&str>,
        video: Video<'_>,
        now: UnixMs,
        ttl_ms: i64,
    ) -> Result<String, SignError> {
        let claims = Claims {
            iss: &self.name,
            nbf: now.get() / 1000,
            exp: now.plus_ms(ttl_ms).get() / 1000,
            sub,
            video,
        };
        let header = Header::new(Algorithm::HS256);
        jsonwebtoken::encode(&header, &claims, &self.secret).map_err(SignError)
    }
}

#[cfg(test)]
mod tests {
    use antiphon_api::ids::UnixMs;
    use jsonwebtoken::{Algorithm, DecodingKey, Validation};
    use serde_json::{Value, json};

    use super::ApiKey;

    /// As LiveKit would read it.
    fn read(token: &str, secret: &[u8]) -> Option<Value> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.validate_exp = false;
        let key = DecodingKey::from_secret(secret);
        jsonwebtoken::decode(token, &key, &validation)
            .ok()
            .map(|token| token.claims)
    }

    #[test]
    fn a_join_token_names_the_room_who_comes_and_what_they_may() {
        let key = ApiKey::new("devkey".into(), b"secret");
        let token = key
            .join("huddle-7", "user:2", UnixMs(1_000_500))
            .expect("signs");
        let expected = json!({
            "iss": "devkey", "nbf": 1_000, "exp": 1_600, "sub": "user:2",
            "video": {
                "room": "huddle-7", "roomJoin": true, "canPublish": true, "canSubscribe": true,
            },
        });
        assert_eq!(read(&token, b"secret"), Some(expected));
        assert_eq!(read(&token, b"another"), None);
    }

    #[test]
    fn a_token_to_ask_with_lets_nobody_in() {
        let key = ApiKey::new("devkey".into(), b"secret");
        let token = key.ask("huddle-7", UnixMs(1_000_500)).expect("signs");
        let expected = json!({
            "iss": "devkey", "nbf": 1_000, "exp": 1_060,
            "video": { "room": "huddle-7", "roomAdmin": true },
        });
        assert_eq!(read(&token, b"secret"), Some(expected));
    }

    #[test]
    fn the_secret_is_not_printed() {
        let key = ApiKey::new("devkey".into(), b"hush-hush");
        assert_eq!(format!("{key:?}"), r#"ApiKey("devkey", …)"#);
    }
}
