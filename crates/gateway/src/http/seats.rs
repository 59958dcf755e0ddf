//! How many connections there may be, all together and from one address.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use http_body_util::BodyExt;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Body;

/// The bits of an IPv6 address that name a network: whoever has one address has all of a /64
/// (RFC 6177), so that all of it counts as one.
const NETWORK_BITS: u32 = 64;

/// The seats of all connections.
pub(super) struct Seats {
    all: Arc<Semaphore>,
    taken: Arc<Taken>,
}

struct Taken {
    most_of_one: usize,
    by_address: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection's place among all, free again when the last clone is dropped. It travels with the
/// request, because an upgraded connection outlives its HTTP.
#[derive(Clone)]
pub(super) struct Seat {
    _permit: Arc<OwnedSemaphorePermit>,
    _share: Option<Arc<Share>>,
}

/// One of those an address may have.
pub(super) struct Share {
    taken: Arc<Taken>,
    address: IpAddr,
}

impl Seats {
    pub(super) fn new(all: usize, most_of_one: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(all)),
            taken: Arc::new(Taken {
                most_of_one,
                by_address: Mutex::default(),
            }),
        }
    }

    /// Waits until there is a seat.
    pub(super) async fn take(&self) -> Option<Seat> {
        let permit = Arc::clone(&self.all).acquire_owned().await.ok()?;
        Some(Seat {
            _permit: Arc::new(permit),
            _share: None,
        })
    }

    /// One more for an address, unless it has all it may have.
    pub(super) fn share(&self, address: IpAddr) -> Option<Share> {
        let address = counted(address);
        let mut by_address = self.taken.by_address.lock();
        let taken = by_address.entry(address).or_default();
        if *taken >= self.taken.most_of_one {
            return None;
        }
        *taken += 1;
        Some(Share {
            taken: Arc::clone(&self.taken),
            address,
        })
    }
}

impl Seat {
    /// The same body, which keeps the seat until it is dropped. Its length is no longer known.
    pub(super) fn held_by(self, body: Body) -> Body {
        body.map_frame(move |frame| {
            let _held = &self;
            frame
        })
        .boxed()
    }

    pub(super) fn with(self, share: Share) -> Self {
        Self {
            _share: Some(Arc::new(share)),
            ..self
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut by_address = self.taken.by_address.lock();
        if let Some(taken) = by_address.get_mut(&self.address) {
            *taken -= 1;
            if *taken == 0 {
                by_address.remove(&self.address);
            }
        }
    }
}

/// The address under which a client is counted.
fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let network = address.to_bits() & (u128::MAX << (u128::BITS - NETWORK_BITS));
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::Seats;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn an_address_has_its_share_and_no_more_until_one_is_given_back() {
        let seats = Seats::new(10, 2);
        let first = seats.share(address("1.2.3.4"));
        let second = seats.share(address("::ffff:1.2.3.4"));
        assert!(first.is_some() && second.is_some());
        assert!(seats.share(address("1.2.3.4")).is_none());
        assert!(seats.share(address("1.2.3.5")).is_some());
        drop(first);
        assert!(seats.share(address("1.2.3.4")).is_some());
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one() {
        let seats = Seats::new(10, 1);
        let held = seats.share(address("2001:db8::1"));
        assert!(held.is_some());
        assert!(seats.share(address("2001:db8::2")).is_none());
        assert!(seats.share(address("2001:db8:0:1::1")).is_some());
    }

    #[test]
    fn an_address_without_a_connection_takes_no_room() {
        let seats = Seats::new(10, 1);
        drop(seats.share(address("1.2.3.4")));
        assert!(seats.taken.by_address.lock().is_empty());
    }
}
