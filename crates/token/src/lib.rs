//! Tokens: who somebody is, signed by the instance's key.
//!
//! A token is a JWT signed with HMAC-SHA256. The algorithm belongs to the key and is never taken
//! from the token (RFC 8725, section 3.1). `iss`, `aud`, `exp` and one of `sub` and `ext` are
//! required; `exp` is checked here, against the caller's clock, to the second and without leeway,
//! because a connection is closed at that moment too. `sub` is a user's id; `ext` is what an
//! application calls the user, and only the server knows who that is.
//!
//! [`livekit`] signs tokens for a LiveKit server, under a key of its own.
//!
//! With [`Verifier::dev`] a token `dev:42` is user 42. Whoever builds such a verifier has made
//! sure that only this machine can reach it.

pub mod livekit;

mod externals;
#[cfg(test)]
mod tests;
use std::{fmt, path::Path};

pub use antiphon_api::entities::TokenKind as Kind;
use antiphon_api::{
    identity::Presented,
    ids::{UnixMs, UserId},
    methods::user::MAX_EXTERNAL_ID_CHARS,
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, TokenData, Validation};
use serde::{Deserialize, Serialize};

pub use externals::{Externals, Unknown};

/// The shortest signing key, in bytes (RFC 7518, section 3.2: as long as the hash).
pub const MIN_KEY_BYTES: usize = 32;

/// The longest token that is looked at, in bytes.
pub const MAX_TOKEN_BYTES: usize = 4096;

/// The longest `jti`, in bytes; it is visible ASCII.
pub const MAX_JTI_BYTES: usize = 128;

/// How far an issuer's clock may be ahead: a token from later on would outlive a revocation of all
/// that were issued so far.
const MAX_AHEAD_MS: i64 = 60_000;

/// From whom the tokens of an instance are, and for whom: `iss` and `aud`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    pub issuer: String,
    pub audience: String,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            issuer: "antiphon".to_owned(),
            audience: "antiphon".to_owned(),
        }
    }
}

/// The instance's secret; never printed.
#[derive(Clone)]
pub struct Key(Vec<u8>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("cannot read the signing key {path}")]
    Read {
        path: String,
        #[source]
        source: std::io::Error,
    },
    #[error(
        "the signing key {path} has {found} bytes, at least {MIN_KEY_BYTES} are needed; \
         make one with: openssl rand -base64 48"
    )]
    TooShort { path: String, found: usize },
}

impl Key {
    /// Reads a key file; white space around the key is not part of it.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let shown = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|source| KeyError::Read {
            path: shown.clone(),
            source,
        })?;
        let key = bytes.trim_ascii();
        if key.len() < MIN_KEY_BYTES {
            return Err(KeyError::TooShort {
                path: shown,
                found: key.len(),
            });
        }
        Ok(Self(key.to_vec()))
    }

    /// A key that nobody else has and that ends with the process.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = vec![0; MIN_KEY_BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }
}

/// Whom a token names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    User(UserId),
    /// By the id that an application gave the user.
    External(String),
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    /// Seconds since 1970, as RFC 7519 has it.
    exp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ext: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    #[serde(default)]
    kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

/// What is asked of a [`Signer`].
#[derive(Clone, Debug)]
pub struct Grant {
    pub subject: Subject,
    pub kind: Kind,
    pub scope: Option<String>,
    pub issued_at: UnixMs,
    pub expires_at: UnixMs,
    pub jti: String,
}

#[derive(Debug, thiserror::Error)]
#[error("cannot sign the token")]
pub struct SignError(#[source] jsonwebtoken::errors::Error);

/// Signs tokens.
#[derive(Clone, Debug)]
pub struct Signer {
    key: Key,
    names: Names,
}

impl Signer {
    #[must_use]
    pub const fn new(key: Key, names: Names) -> Self {
        Self { key, names }
    }

    /// A token. Times are rounded down to seconds.
    pub fn issue(&self, grant: Grant) -> Result<String, SignError> {
        let (sub, ext) = match grant.subject {
            Subject::User(id) => (Some(id.to_string()), None),
            Subject::External(id) => (None, Some(id)),
        };
        let claims = Claims {
            iss: self.names.issuer.clone(),
            aud: self.names.audience.clone(),
            exp: grant.expires_at.get() / 1000,
            iat: Some(grant.issued_at.get() / 1000),
            sub,
            ext,
            jti: Some(grant.jti),
            kind: grant.kind,
            scope: grant.scope,
        };
        let key = EncodingKey::from_secret(&self.key.0);
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).map_err(SignError)
    }
}

/// What a token that was accepted says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub subject: Subject,
    /// The token itself; of a development token nothing is known.
    pub token: Presented,
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the token is not a valid token of this instance")]
    Invalid,
    #[error("the token has expired")]
    Expired,
    #[error("the token is of a kind that cannot be used here")]
    WrongKind,
}

/// Verifies tokens.
#[derive(Clone)]
pub struct Verifier {
    /// Those that sign or have signed; each is tried.
    keys: Vec<DecodingKey>,
    validation: Validation,
    dev: bool,
}

impl Verifier {
    /// Accepts what any of the keys has signed: the one that signs, and those before and after it.
    #[must_use]
    pub fn new<'a>(keys: impl IntoIterator<Item = &'a Key>, names: &Names) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_required_spec_claims(&["iss", "aud", "exp"]);
        validation.set_issuer(&[&names.issuer]);
        validation.set_audience(&[&names.audience]);
        validation.validate_exp = false;
        validation.leeway = 0;
        let secret = |key: &Key| DecodingKey::from_secret(&key.0);
        Self {
            keys: keys.into_iter().map(secret).collect(),
            validation,
            dev: false,
        }
    }

    /// Accepts `dev:<user_id>` too.
    #[must_use]
    pub fn dev(self) -> Self {
        Self { dev: true, ..self }
    }

    pub fn verify(&self, token: &str, now: UnixMs) -> Result<Verified, Refusal> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Refusal::Invalid);
        }
        if let Some(id) = token.strip_prefix("dev:") {
            return self.verify_dev(id);
        }
        let claims = self.claims(token).ok_or(Refusal::Invalid)?;
        let expires_at = UnixMs(claims.exp.checked_mul(1000).ok_or(Refusal::Invalid)?);
        if expires_at <= now {
            return Err(Refusal::Expired);
        }
        if claims.kind != Kind::User {
            return Err(Refusal::WrongKind);
        }
        let issued_at = claims.iat.and_then(|seconds| seconds.checked_mul(1000));
        if issued_at.is_some_and(|ms| ms > now.get() + MAX_AHEAD_MS) {
            return Err(Refusal::Invalid);
        }
        Ok(Verified {
            subject: subject(claims.sub, claims.ext)?,
            token: Presented {
                expires_at: Some(expires_at),
                jti: claims.jti.map(nameable).transpose()?,
                issued_at: issued_at.map(UnixMs),
            },
        })
    }

    fn claims(&self, token: &str) -> Option<Claims> {
        let decode = |key| jsonwebtoken::decode(token, key, &self.validation).ok();
        let token: TokenData<Claims> = self.keys.iter().find_map(decode)?;
        Some(token.claims)
    }

    fn verify_dev(&self, id: &str) -> Result<Verified, Refusal> {
        if !self.dev {
            return Err(Refusal::Invalid);
        }
        Ok(Verified {
            subject: Subject::User(parse_user(id)?),
            token: Presented::default(),
        })
    }
}

/// Exactly one of the two claims, if it is a sensible one.
fn subject(sub: Option<String>, ext: Option<String>) -> Result<Subject, Refusal> {
    match (sub, ext) {
        (Some(sub), None) => Ok(Subject::User(parse_user(&sub)?)),
        (None, Some(ext)) if is_external_id(&ext) => Ok(Subject::External(ext)),
        _ => Err(Refusal::Invalid),
    }
}

/// Whether an application may call a user this: 1 to 128 characters, none of them control ones.
#[must_use]
pub fn is_external_id(text: &str) -> bool {
    (1..=MAX_EXTERNAL_ID_CHARS).contains(&text.chars().count())
        && !text.chars().any(char::is_control)
}

/// A `jti` travels in headers and is compared as it is.
fn nameable(jti: String) -> Result<String, Refusal> {
    let fits = jti.len() <= MAX_JTI_BYTES && jti.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { Ok(jti) } else { Err(Refusal::Invalid) }
}

fn parse_user(text: &str) -> Result<UserId, Refusal> {
    text.parse()
        .ok()
        .and_then(UserId::checked)
        .filter(|user| *user != UserId::PROBE)
        .ok_or(Refusal::Invalid)
}
