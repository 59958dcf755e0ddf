use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    ids::{UnixMs, UserId},
    method,
    method::NoParams,
};

/// How long a ticket can be redeemed, in milliseconds.
pub const TICKET_TTL_MS: i64 = 30_000;

method! {
    /// A ticket that opens one WebSocket or event stream for the caller, once, within 30 s.
    "session.ticket" Query Ticket(NoParams) -> TicketResult, [],
    example {}
}

method! {
    /// Spends a ticket.
    internal "session.redeem" Query Redeem(RedeemParams) -> RedeemResult, [NotFound],
    example {"ticket": "…"}
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SessionTicketResult")]
pub struct TicketResult {
    pub ticket: String,
    pub expires_at: UnixMs,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RedeemParams {
    pub ticket: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RedeemResult {
    pub user_id: UserId,
    /// The end of the token the ticket came from, if it came from one.
    pub token_expires_at: Option<UnixMs>,
    /// That token's `jti`, if it had one.
    pub jti: Option<String>,
    /// When that token was issued, if it said so.
    pub issued_at: Option<UnixMs>,
}
