//! The page at `/`, embedded.

use http::{HeaderValue, Response, StatusCode, header};

use super::respond::{Body, full, not_found};

struct File {
    path: &'static str,
    kind: &'static str,
    body: &'static str,
}

const FILES: &[File] = &[
    File {
        path: "/",
        kind: "text/html; charset=utf-8",
        body: include_str!("../../../../web/page/index.html"),
    },
    File {
        path: "/page.css",
        kind: "text/css; charset=utf-8",
        body: include_str!("../../../../web/page/page.css"),
    },
    File {
        path: "/page.js",
        kind: "text/javascript; charset=utf-8",
        body: include_str!("../../../../web/page/page.js"),
    },
    File {
        path: "/chat.js",
        kind: "text/javascript; charset=utf-8",
        body: include_str!("../../../../web/page/chat.js"),
    },
    File {
        path: "/session.js",
        kind: "text/javascript; charset=utf-8",
        body: include_str!("../../../../web/page/session.js"),
    },
];

/// Our own files and connections only, and in nobody's frame.
const POLICY: &str =
    "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";

pub(super) fn exists(path: &str) -> bool {
    FILES.iter().any(|file| file.path == path)
}

pub(super) fn find(path: &str) -> Response<Body> {
    let Some(file) = FILES.iter().find(|file| file.path == path) else {
        return not_found();
    };
    let mut response = full(StatusCode::OK, file.kind, file.body);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    response
}
