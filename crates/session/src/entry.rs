//! One event of the log, encoded once for every ring, page and tab that holds it.

use std::sync::Arc;

use antiphon_api::ids::{Pos, Seq, UnixUs};

/// A log event. Only its `seq` differs between sessions; the rest of its text is shared.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    pos: Pos,
    committed: Option<UnixUs>,
    /// `"pos":881,"ts":…}`: the frame without what comes before `pos`.
    tail: Box<[u8]>,
}

impl Entry {
    /// `event_json` is the event as the server sent it, a JSON object without `seq` and `pos`.
    ///
    /// `None` if the text does not start with `{` and end with `}`; what is between is not read.
    #[must_use]
    pub fn new(pos: Pos, event_json: &str) -> Option<Arc<Self>> {
        Self::committed_at(pos, event_json, None)
    }

    /// As [`new`](Self::new), with the moment from which its delay counts.
    #[must_use]
    pub fn committed_at(
        pos: Pos,
        event_json: &str,
        committed: Option<UnixUs>,
    ) -> Option<Arc<Self>> {
        let members = event_json.trim().strip_prefix('{')?.strip_suffix('}')?;
        let comma = if members.trim().is_empty() { "" } else { "," };
        let tail = format!("\"pos\":{pos}{comma}{members}}}").into_bytes();
        Some(Arc::new(Self {
            pos,
            committed,
            tail: tail.into_boxed_slice(),
        }))
    }

    /// Where in the log it is.
    #[must_use]
    pub const fn pos(&self) -> Pos {
        self.pos
    }

    /// When it was committed; `None` when it was read back from the log.
    #[must_use]
    pub const fn committed(&self) -> Option<UnixUs> {
        self.committed
    }

    /// Bytes of its frame without a `seq`; what rings count.
    #[must_use]
    #[expect(
        clippy::len_without_is_empty,
        reason = "a frame has at least its braces"
    )]
    pub const fn len(&self) -> usize {
        self.tail.len() + 1
    }

    /// Appends its frame to `out`; `seq` is left out when the event comes from the log.
    pub fn write(&self, seq: Option<Seq>, out: &mut Vec<u8>) {
        match seq {
            Some(seq) => {
                out.extend_from_slice(b"{\"seq\":");
                out.extend_from_slice(itoa::Buffer::new().format(seq.get()).as_bytes());
                out.push(b',');
            }
            None => out.push(b'{'),
        }
        out.extend_from_slice(&self.tail);
    }
}
