//! What waits for one gateway beside log events.

use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::Notify;

/// The most ephemeral events waiting for a gateway, in number and bytes (each carries all its
/// recipients); over either the oldest is dropped, as a later one says more.
const MAX_EPHEMERAL: usize = 4096;
const MAX_EPHEMERAL_BYTES: usize = 16 << 20;

/// The most control messages waiting; over it the link ends, because they must not be lost and
/// are sent whole after the next hello.
const MAX_CONTROL: usize = 1024;

/// What waits for one gateway beside log events.
#[derive(Default)]
pub(super) struct Outbox {
    waiting: Mutex<Waiting>,
    pub(super) filled: Notify,
}

#[derive(Default)]
struct Waiting {
    control: Vec<Arc<[u8]>>,
    ephemeral: VecDeque<Arc<[u8]>>,
    ephemeral_bytes: usize,
    overflown: bool,
}

impl Waiting {
    fn next_ephemeral(&mut self) -> Option<Arc<[u8]>> {
        let oldest = self.ephemeral.pop_front()?;
        self.ephemeral_bytes -= oldest.len();
        Some(oldest)
    }
}

/// The outbox lost control messages; the link has to begin again.
#[derive(Debug)]
pub(super) struct Overflown;

impl Outbox {
    pub(super) fn push_control(&self, message: Arc<[u8]>) {
        let mut waiting = self.waiting.lock();
        if waiting.control.len() < MAX_CONTROL {
            waiting.control.push(message);
        } else {
            waiting.overflown = true;
        }
        drop(waiting);
        self.filled.notify_one();
    }

    pub(super) fn push_ephemeral(&self, message: Arc<[u8]>) {
        let mut waiting = self.waiting.lock();
        waiting.ephemeral_bytes += message.len();
        waiting.ephemeral.push_back(message);
        while waiting.ephemeral.len() > MAX_EPHEMERAL
            || waiting.ephemeral_bytes > MAX_EPHEMERAL_BYTES
        {
            waiting.next_ephemeral();
        }
        drop(waiting);
        self.filled.notify_one();
    }

    /// Appends what waits to `out`, control messages first, until `out` holds `limit` bytes.
    pub(super) fn drain(&self, out: &mut Vec<u8>, limit: usize) -> Result<(), Overflown> {
        let mut waiting = self.waiting.lock();
        if waiting.overflown {
            return Err(Overflown);
        }
        for message in waiting.control.drain(..) {
            out.extend_from_slice(&message);
        }
        while out.len() < limit
            && let Some(message) = waiting.next_ephemeral()
        {
            out.extend_from_slice(&message);
        }
        if !waiting.ephemeral.is_empty() {
            self.filled.notify_one();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_CONTROL, MAX_EPHEMERAL, MAX_EPHEMERAL_BYTES, Outbox};

    #[test]
    fn ephemeral_events_over_the_bound_push_out_the_oldest() {
        let outbox = Outbox::default();
        for number in 0..=MAX_EPHEMERAL {
            outbox.push_ephemeral(number.to_be_bytes().into());
        }
        let mut out = Vec::new();
        outbox
            .drain(&mut out, usize::MAX)
            .expect("nothing was lost");
        assert_eq!(out.len(), MAX_EPHEMERAL * 8);
        assert_eq!(out[..8], 1_usize.to_be_bytes());
    }

    #[test]
    fn ephemeral_events_are_bounded_in_bytes_too() {
        let outbox = Outbox::default();
        for _ in 0..20 {
            outbox.push_ephemeral(vec![0; MAX_EPHEMERAL_BYTES / 10].into());
        }
        let mut out = Vec::new();
        outbox
            .drain(&mut out, usize::MAX)
            .expect("nothing was lost");
        assert_eq!(out.len(), MAX_EPHEMERAL_BYTES / 10 * 10);
    }

    #[test]
    fn control_messages_over_the_bound_end_the_link() {
        let outbox = Outbox::default();
        for _ in 0..=MAX_CONTROL {
            outbox.push_control([1].into());
        }
        assert!(outbox.drain(&mut Vec::new(), usize::MAX).is_err());
    }
}
