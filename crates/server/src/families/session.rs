use antiphon_api::{
    ErrorCode, RpcError,
    identity::Identity,
    method::NoParams,
    methods::session::{Redeem, RedeemParams, Ticket, TicketResult},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    context::{Failure, Look},
    rpc::Router,
};

/// The size of a ticket's secret, in bytes.
const TICKET_BYTES: usize = 24;

pub(super) fn register(router: Router) -> Router {
    router.query::<Ticket>(ticket).query::<Redeem>(redeem)
}

fn ticket(look: &mut Look<'_>, _: NoParams) -> Result<TicketResult, Failure> {
    let identity = look.caller.identity()?.clone();
    ticket_of(look, identity)
}

/// A new ticket for `identity`.
pub(super) fn ticket_of(look: &mut Look<'_>, identity: Identity) -> Result<TicketResult, Failure> {
    let mut secret = [0; TICKET_BYTES];
    getrandom::fill(&mut secret).map_err(Failure::internal)?;
    let ticket = URL_SAFE_NO_PAD.encode(secret);
    let expires_at = look
        .shared
        .tickets
        .add(ticket.clone(), identity, look.now)
        .ok_or_else(|| RpcError::rate_limited("too many tickets are waiting to be used", 1000))?;
    Ok(TicketResult { ticket, expires_at })
}

fn redeem(look: &mut Look<'_>, params: RedeemParams) -> Result<Identity, Failure> {
    look.shared
        .tickets
        .redeem(&params.ticket, look.now)
        .ok_or_else(|| {
            RpcError::new(
                ErrorCode::NotFound,
                "no such ticket, or it was used or has ended",
            )
            .with("entity", "ticket")
            .into()
        })
}
