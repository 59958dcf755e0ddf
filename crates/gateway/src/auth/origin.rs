//! Where a request may come from: its `Origin`, and in development its `Host`.

use std::net::IpAddr;

use http::{HeaderMap, Uri, header};

use super::Refusal;

/// The origins whose pages may talk to this gateway, beside its own.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    allowed: Vec<String>,
}

/// The text is not `scheme://host[:port]`.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not an origin; expected scheme://host or scheme://host:port, without a path")]
pub struct NotAnOrigin(String);

impl Origins {
    /// Each as a browser sends it: `https://example.org`.
    pub fn new(allowed: Vec<String>) -> Result<Self, NotAnOrigin> {
        for origin in &allowed {
            let uri: Option<Uri> = origin.parse().ok();
            let fits = uri.is_some_and(|uri| {
                uri.scheme().is_some() && uri.host().is_some() && !origin.ends_with('/')
            });
            if !fits {
                return Err(NotAnOrigin(origin.clone()));
            }
        }
        Ok(Self { allowed })
    }

    /// Refuses an `Origin` that is neither the request's own nor allowed. Browsers always send
    /// one where it matters; who sends none is no page. `cookie`: the request is authenticated by
    /// a cookie, so that without an `Origin` only the browser's word that it is of the same site
    /// will do.
    pub(crate) fn check(&self, headers: &HeaderMap, cookie: bool) -> Result<(), Refusal> {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let Some(origin) = origins.next() else {
            let same_origin = headers
                .get("sec-fetch-site")
                .is_some_and(|site| site == "same-origin" || site == "none");
            return if cookie && !same_origin {
                Err(Refusal::forbidden(
                    "a cookie needs an Origin; send a token instead",
                ))
            } else {
                Ok(())
            };
        };
        let origin = origin.to_str().unwrap_or_default();
        let single = origins.next().is_none();
        if single
            && (self.allowed.iter().any(|allowed| allowed == origin) || is_own(origin, headers))
        {
            return Ok(());
        }
        let shown: String = origin.chars().take(100).collect();
        Err(Refusal::forbidden(format!(
            "pages of {shown:?} may not talk to this gateway"
        )))
    }
}

/// Whether the origin's host and port are those of the request. The scheme is not compared: who
/// terminates TLS in front of us knows it, we do not.
fn is_own(origin: &str, headers: &HeaderMap) -> bool {
    let authority = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    authority.is_some() && authority == host
}

/// Whether the `Host` is a loopback one: a name that somebody points at this machine is not.
pub(crate) fn check_loopback_host(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts
        .next()
        .filter(|_| hosts.next().is_none())
        .and_then(|host| host.to_str().ok())
        .filter(|host| !host.contains('@'))
        .and_then(|host| host.parse::<http::uri::Authority>().ok());
    let loopback = host.as_ref().is_some_and(|authority| {
        let host = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']');
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    });
    if loopback {
        Ok(())
    } else {
        Err(Refusal::forbidden(
            "with --dev the Host must be a loopback address or localhost",
        ))
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, header};

    use super::{Origins, check_loopback_host};

    fn headers(host: &'static str, origins: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static(host));
        for origin in origins {
            headers.append(header::ORIGIN, HeaderValue::from_static(origin));
        }
        headers
    }

    #[test]
    fn only_the_own_origin_and_the_configured_ones_pass() {
        let origins = Origins::new(vec!["https://app.example".to_owned()]).expect("are origins");
        let passes = |list: &[&'static str]| {
            origins
                .check(&headers("chat.example:8484", list), false)
                .is_ok()
        };
        assert!(passes(&[]));
        assert!(passes(&["http://chat.example:8484"]));
        assert!(passes(&["https://chat.example:8484"]));
        assert!(passes(&["https://app.example"]));
        for bad in [
            "null",
            "",
            "http://chat.example",
            "http://chat.example:8485",
            "http://chat.example:8484.evil.example",
            "http://evil.example/chat.example:8484",
            "http://CHAT.example:8484",
            "http://app.example",
            "https://app.example:444",
            "https://app.example.evil",
            "ftp://chat.example:8484",
        ] {
            assert!(!passes(&[bad]), "{bad:?} passed");
        }
        assert!(!passes(&["https://app.example", "https://evil.example"]));
    }

    #[test]
    fn a_cookie_without_an_origin_needs_the_browsers_word() {
        let origins = Origins::default();
        let mut headers = headers("chat.example", &[]);
        assert!(origins.check(&headers, true).is_err());
        headers.insert("sec-fetch-site", HeaderValue::from_static("cross-site"));
        assert!(origins.check(&headers, true).is_err());
        headers.insert("sec-fetch-site", HeaderValue::from_static("same-origin"));
        assert!(origins.check(&headers, true).is_ok());
    }

    #[test]
    fn a_name_that_points_at_this_machine_is_not_loopback() {
        for good in [
            "127.0.0.1:8484",
            "localhost:8484",
            "[::1]:8484",
            "127.9.9.9",
        ] {
            assert!(check_loopback_host(&headers(good, &[])).is_ok(), "{good}");
        }
        for bad in [
            "evil.example",
            "localhost.evil.example",
            "192.168.0.1:8484",
            "0.0.0.0",
            "evil.example@127.0.0.1",
        ] {
            assert!(check_loopback_host(&headers(bad, &[])).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_configured_origin_must_be_one() {
        for bad in ["example.org", "https://example.org/", "*", ""] {
            assert!(Origins::new(vec![bad.to_owned()]).is_err(), "{bad:?}");
        }
    }
}
