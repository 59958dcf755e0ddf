//! Where a client is, when proxies stand between.

use std::net::IpAddr;

use http::HeaderMap;
use ipnet::IpNet;

/// The header in which each proxy appends the address it was reached from.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The proxies whose word about where a client is counts.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    trusted: Vec<IpNet>,
}

/// The text is neither an address nor a network.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is neither an address nor a network; expected one as 10.0.0.5 or 10.0.0.0/8")]
pub struct NotANetwork(String);

impl Proxies {
    /// Each an address or a network: `10.0.0.5`, `10.0.0.0/8`, `fd00::/8`.
    pub fn new(trusted: &[String]) -> Result<Self, NotANetwork> {
        let network = |text: &String| {
            let address = text.parse::<IpAddr>().map(IpNet::from);
            address
                .or_else(|_| text.parse::<IpNet>())
                .map_err(|_| NotANetwork(text.clone()))
        };
        Ok(Self {
            trusted: trusted.iter().map(network).collect::<Result<_, _>>()?,
        })
    }

    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted
            .iter()
            .any(|network| network.contains(&address))
    }

    /// The address of who made a request: from the nearest on, the first that is no trusted proxy.
    /// What stands before it may be anybody's invention. Where that is no address, the proxy that
    /// wrote it is taken.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let lines = headers.get_all(FORWARDED_FOR);
        let lines = lines.iter().filter_map(|line| line.to_str().ok());
        let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).collect();
        for hop in hops.into_iter().rev() {
            if !self.trusts(client) {
                break;
            }
            match hop.trim().parse::<IpAddr>() {
                Ok(address) => client = address.to_canonical(),
                Err(_) => break,
            }
        }
        client
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use http::HeaderMap;

    use super::Proxies;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn client(trusted: &[&str], peer: &str, forwarded: &[&'static str]) -> String {
        let trusted: Vec<String> = trusted.iter().map(ToString::to_string).collect();
        let proxies = Proxies::new(&trusted).expect("networks");
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().expect("a value"));
        }
        proxies.client(address(peer), &headers).to_string()
    }

    #[test]
    fn nobody_is_believed_unless_trusted() {
        assert_eq!(client(&[], "10.0.0.5", &["1.2.3.4"]), "10.0.0.5");
        assert_eq!(
            client(&["10.0.0.0/8"], "11.0.0.5", &["1.2.3.4"]),
            "11.0.0.5"
        );
    }

    #[test]
    fn a_trusted_proxy_says_who_reached_it() {
        assert_eq!(client(&["10.0.0.5"], "10.0.0.5", &["1.2.3.4"]), "1.2.3.4");
        assert_eq!(client(&["10.0.0.5"], "10.0.0.5", &[]), "10.0.0.5");
        assert_eq!(
            client(&["fd00::/8"], "fd00::1", &["2001:db8::7"]),
            "2001:db8::7"
        );
        assert_eq!(
            client(&["10.0.0.0/8"], "::ffff:10.0.0.5", &["1.2.3.4"]),
            "1.2.3.4"
        );
    }

    #[test]
    fn what_a_client_invents_itself_is_not_believed() {
        let trusted = ["10.0.0.0/8"];
        assert_eq!(
            client(&trusted, "10.0.0.5", &["9.9.9.9, 1.2.3.4"]),
            "1.2.3.4"
        );
        assert_eq!(
            client(&trusted, "10.0.0.5", &["9.9.9.9", "1.2.3.4, 10.0.0.6"]),
            "1.2.3.4"
        );
        assert_eq!(
            client(&trusted, "10.0.0.5", &["1.2.3.4, nonsense"]),
            "10.0.0.5"
        );
        assert_eq!(
            client(&trusted, "10.0.0.5", &["10.0.0.7, 10.0.0.6"]),
            "10.0.0.7"
        );
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for bad in ["", "10.0.0", "10.0.0.0/33", "proxy.example"] {
            assert!(Proxies::new(&[bad.to_owned()]).is_err(), "{bad:?}");
        }
    }
}
