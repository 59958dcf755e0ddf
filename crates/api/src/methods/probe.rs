//! How an installation is tried out, from a commit to a socket. Whoever may open rpc.sock opens a tab
//! of the probe ([`UserId::PROBE`](crate::ids::UserId::PROBE)) with a ticket, sends it an event and
//! sees when that comes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::session::TicketResult;
use crate::{ids::Pos, method, method::NoParams};

/// The longest nonce of a probe, in characters.
pub const MAX_NONCE_CHARS: usize = 64;

method! {
    /// A ticket that opens one WebSocket or event stream for the probe, once, within 30 s.
    internal "probe.ticket" Query Ticket(NoParams) -> TicketResult, [],
    example {}
}

method! {
    /// Commits `probe.sent`, which the probe alone hears. Answered when it is on disk, like every mutation.
    internal "probe.send" Mutation Send(SendParams) -> SendResult, [],
    example {"nonce": "doctor-7"}
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ProbeSendParams")]
#[serde(deny_unknown_fields)]
pub struct SendParams {
    /// By which whoever sends it knows the event again; 1 to 64 characters.
    pub nonce: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ProbeSendResult")]
pub struct SendResult {
    /// Where the event is in the log.
    pub pos: Pos,
}
