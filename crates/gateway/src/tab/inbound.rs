//! What a client says on its WebSocket.

use antiphon_api::{
    RpcError,
    frame::{ClientFrame, Inbound},
};
use antiphon_session::Received;
use bytes::Bytes;

use crate::{calls::Calls, clock, directory::Tab, request_id};

/// Tells the tab's session what came. Returns the calls to carry out, if it was any.
pub(super) fn text(tab: &Tab, text: &str) -> Option<Bytes> {
    tracing::trace!(tab = tab.key().tab.0, bytes = text.len(), "a frame came");
    let is_batch = text.trim_ascii_start().starts_with('[');
    let parsed = if is_batch {
        None
    } else {
        Some(serde_json::from_str::<Inbound<'_>>(text))
    };
    let call = match &parsed {
        None => true,
        Some(Ok(inbound)) => inbound.jsonrpc.is_some(),
        Some(Err(_)) => false,
    };
    if call {
        receive(tab, Received::Call);
        return Some(Bytes::copy_from_slice(text.as_bytes()));
    }
    match parsed {
        Some(Ok(inbound)) => frame(tab, text, inbound.kind.as_deref().unwrap_or_default()),
        Some(Err(error)) => {
            let why = if error.is_data() {
                "expected a JSON object with a type".to_owned()
            } else {
                format!("not JSON: {error}")
            };
            receive(tab, Received::Malformed { why: &why });
        }
        None => {}
    }
    None
}

fn frame(tab: &Tab, text: &str, kind: &str) {
    match serde_json::from_str(text) {
        Ok(ClientFrame::Pong {}) => receive(tab, Received::Pong),
        Ok(ClientFrame::Visibility { state }) => {
            receive(tab, Received::Visibility);
            tab.set_visibility(state);
        }
        Err(error) if matches!(kind, "pong" | "visibility") => {
            receive(
                tab,
                Received::Malformed {
                    why: &error.to_string(),
                },
            );
        }
        Err(_) => receive(tab, Received::Unknown { kind }),
    }
}

pub(super) fn receive(tab: &Tab, received: Received<'_>) {
    tab.with(|shard, key| shard.handle_received(key, received, clock::now()));
}

/// The answer to a call over the bound of those in flight.
pub(super) fn too_many_calls(body: &[u8]) -> Option<Vec<u8>> {
    let message = "too many calls of this tab are unanswered; wait for an answer";
    let error = RpcError::rate_limited(message, 100);
    Calls::answer_all(body, &request_id::random().name(error))
}
