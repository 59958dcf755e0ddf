use http::HeaderName;

/// What a gateway says of the caller's token beside `Antiphon-User`: when it ends and was issued,
/// in ms since 1970, and what it is called. Each is absent where the token does not say.
pub const TOKEN_EXPIRES: HeaderName = HeaderName::from_static("antiphon-token-expires");
pub const TOKEN_ISSUED: HeaderName = HeaderName::from_static("antiphon-token-issued");
pub const TOKEN_ID: HeaderName = HeaderName::from_static("antiphon-token-id");
