//! What one client, or all of them, may take of a gateway.

use std::num::NonZeroU32;

/// What is refused is refused before it costs anything, and the client told to come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Connections at a time, tabs among them; further ones wait to be accepted.
    pub connections: usize,
    /// Connections at a time from one address, or one /64 of IPv6; further ones are refused (429).
    pub connections_per_address: usize,
    /// Bytes of a frame from a client; a longer one closes the tab.
    pub frame_bytes: usize,
    /// New tabs a second, and at once; further ones are refused (503).
    pub handshakes_per_second: NonZeroU32,
    /// Tabs of one user at a time; one more is refused (503).
    pub tabs_per_user: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            connections: 16_384,
            connections_per_address: 16_384,
            frame_bytes: 64 << 10,
            handshakes_per_second: const { NonZeroU32::new(5_000).expect("is above zero") },
            tabs_per_user: 100,
        }
    }
}
