//! Which headers travel with a request that is passed on.

use antiphon_api::USER_HEADER;
use http::{
    HeaderMap, HeaderName,
    header::{
        AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, HOST, PROXY_AUTHORIZATION, TE,
        TRAILER, TRANSFER_ENCODING, UPGRADE,
    },
};

pub(super) const USER: HeaderName = HeaderName::from_static(USER_HEADER);

/// They describe one connection or its framing, so they end with it.
const OF_A_CONNECTION: [HeaderName; 8] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    CONTENT_LENGTH,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    EXPECT,
];

/// They say who calls, or where to.
const OF_A_CALLER: [HeaderName; 5] = [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE, USER, HOST];

/// What of a request's headers goes on to the server.
pub(super) fn passed_on(mut headers: HeaderMap) -> HeaderMap {
    strip_connection(&mut headers);
    for name in OF_A_CALLER {
        headers.remove(name);
    }
    headers
}

/// Takes out what belongs to the connection, the headers `Connection` itself names included.
pub(super) fn strip_connection(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.into_iter().chain(OF_A_CONNECTION) {
        headers.remove(name);
    }
}
