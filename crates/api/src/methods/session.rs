use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{identity::Identity, ids::UnixMs, method, method::NoParams};

/// How long a ticket can be redeemed, in milliseconds.
pub const TICKET_TTL_MS: i64 = 30_000;

method! {
    /// A ticket that opens one WebSocket or event stream for the caller, once, within 30 s.
    "session.ticket" Query Ticket(NoParams) -> TicketResult, [],
    example {}
}

method! {
    /// Spends a ticket; answers whom it was given to, with which token.
    internal "session.redeem" Query Redeem(RedeemParams) -> Identity, [NotFound],
    example {"ticket": "…"}
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SessionTicketResult")]
pub struct TicketResult {
    /// The secret, for `?ticket=`.
    pub ticket: String,
    /// Until when it can be used; not after the end of the caller's token.
    pub expires_at: UnixMs,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RedeemParams {
    pub ticket: String,
}
