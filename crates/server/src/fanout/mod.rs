//! From committed events to linked gateways.
//!
//! One task follows the log: it takes what the writer appended to the store's tail (or, when it
//! fell behind that, what the log holds), resolves each event's recipients, encodes the envelope
//! once and appends it to [`Fanout`]'s own tail. Every link is a cursor into that tail, and goes
//! to the log itself when the tail no longer reaches back to it. So a slow gateway costs no
//! memory, a lost one is forgotten, and neither makes a writer wait.
//!
//! What need not last (ephemeral events) and what must not be lost but is not an event
//! (revocations) goes through each link's outbox instead.

mod link;
mod outbox;
mod resolve;

use std::sync::Arc;

use antiphon_api::{
    events::{Event, Keep, Stamped},
    identity::Revocation,
    ids::{Pos, UserId},
};
use antiphon_store::{Placed, Tail};
use antiphon_wire::{Envelope, FromServer, Recipients, encode};
use parking_lot::Mutex;
use serde_json::value::to_raw_value;

pub(crate) use link::serve;
pub(crate) use resolve::follow;

use outbox::Outbox;

/// The most recent envelopes kept in memory, in number and bytes; older ones are read again.
const TAIL_EVENTS: usize = 4096;
const TAIL_BYTES: usize = 16 << 20;

/// An envelope as it goes over the link, length and all.
#[derive(Clone)]
pub(crate) struct Encoded {
    pub(crate) pos: Pos,
    pub(crate) recipients: usize,
    pub(crate) bytes: Arc<[u8]>,
}

impl Placed for Encoded {
    fn pos(&self) -> Pos {
        self.pos
    }

    fn bytes(&self) -> usize {
        self.bytes.len()
    }
}

/// An ephemeral event on its way out.
pub(crate) struct Relay {
    pub(crate) to: Vec<UserId>,
    pub(crate) key: String,
    pub(crate) event: Stamped<Event>,
}

/// What all links share.
pub(crate) struct Fanout {
    tail: Tail<Encoded>,
    outboxes: Mutex<Vec<Arc<Outbox>>>,
}

impl Fanout {
    /// `head` is where the log ends: what is before it is read from there.
    pub(crate) fn new(head: Pos) -> Self {
        Self {
            tail: Tail::new(head, TAIL_EVENTS, TAIL_BYTES),
            outboxes: Mutex::default(),
        }
    }

    /// Sends what a finished transaction has for those who are there.
    pub(crate) fn apply(&self, relays: Vec<Relay>, revocations: Vec<Revocation>) {
        for revocation in revocations {
            if let Some(bytes) = encoded(&FromServer::Revoke(revocation)) {
                self.each_outbox(|outbox| outbox.push_control(Arc::clone(&bytes)));
            }
        }
        for relay in relays {
            let Ok(event) = to_raw_value(&relay.event) else {
                tracing::error!(event = relay.event.event.name(), "an event does not encode");
                continue;
            };
            let envelope = FromServer::Envelope(Envelope {
                pos: None,
                keep: Keep::None,
                to: Recipients::Users(relay.to),
                key: Some(relay.key),
                committed_us: None,
                event,
            });
            if let Some(bytes) = encoded(&envelope) {
                self.each_outbox(|outbox| outbox.push_ephemeral(Arc::clone(&bytes)));
            }
        }
    }

    fn each_outbox(&self, mut action: impl FnMut(&Outbox)) {
        for outbox in self.outboxes.lock().iter() {
            action(outbox);
        }
    }

    /// A new link's outbox; it fills from this moment on.
    fn open_outbox(&self) -> Arc<Outbox> {
        let outbox = Arc::new(Outbox::default());
        self.outboxes.lock().push(Arc::clone(&outbox));
        outbox
    }

    fn close_outbox(&self, outbox: &Arc<Outbox>) {
        self.outboxes
            .lock()
            .retain(|other| !Arc::ptr_eq(other, outbox));
    }
}

/// `None`, and a word in the log, for a message that cannot be sent.
fn encoded(message: &FromServer) -> Option<Arc<[u8]>> {
    let mut bytes = Vec::new();
    match encode(message, &mut bytes) {
        Ok(()) => Some(bytes.into()),
        Err(error) => {
            tracing::error!(%error, "a message for the gateways cannot be encoded");
            None
        }
    }
}
