//! What server and gateway agree on: where they meet, what goes with a call on
//! rpc.sock, and what travels on events.sock.
//!
//! A message is a `u32` big-endian length and that many bytes of JSON, at most
//! [`MAX_MESSAGE_BYTES`]. The gateway speaks first, with its hello; the server answers with its
//! own, then sends stored revocations, then envelopes. Everything here is pure: bytes in, values
//! out. A message that is too long or not understood is an error that ends the link; nothing is
//! skipped, because a skipped envelope would be a silent hole in somebody's stream.

mod call;
mod codec;
mod message;
mod socket;

pub use call::{RequestId, TOKEN_EXPIRES, TOKEN_ID, TOKEN_ISSUED};
pub use codec::{CodecError, Decoder, encode};
pub use message::{
    Envelope, Everyone, FromGateway, FromServer, LINK_VERSION, LeaseChange, LeaseState, Malformed,
    Recipients,
};
pub use socket::{EVENTS_SOCKET, MAX_SOCKET_PATH, RPC_SOCKET};

/// The longest message, in bytes; a longer one ends the link before it is read.
pub const MAX_MESSAGE_BYTES: usize = 8 << 20;

/// The largest event, in bytes of JSON, refused in the transaction that emits it. With it the
/// largest envelope (an event and the ids of some 350,000 recipients) fits a message.
pub const MAX_EVENT_BYTES: usize = 256 << 10;

/// How often the server says that it is there, in milliseconds.
pub const HEARTBEAT_MS: u64 = 5_000;

/// After so long without a word the gateway reconnects, in milliseconds.
pub const SILENCE_MS: u64 = 15_000;

/// How long a lost link's leases outlive it, in milliseconds.
pub const LEASE_GRACE_MS: u64 = 10_000;
