//! The probe: a user that is none. It has an id and no row, so that no list, search, count or name
//! ever holds it, nobody can act as it, and nothing has to be left out anywhere; tokens that name it
//! are not believed. All it ever has is tabs, which whoever opens rpc.sock may open, and the events
//! sent to it.

use antiphon_api::{
    events::ProbeSent,
    identity::Identity,
    ids::UserId,
    method::NoParams,
    methods::{
        probe::{MAX_NONCE_CHARS, Send, SendParams, SendResult, Ticket},
        session::TicketResult,
    },
};
use antiphon_store::Audience;

use super::{name_of, session};
use crate::{
    context::{Failure, Look, Work},
    rpc::Router,
};

pub(super) fn register(router: Router) -> Router {
    router.query::<Ticket>(ticket).mutation::<Send>(send)
}

fn ticket(look: &mut Look<'_>, _: NoParams) -> Result<TicketResult, Failure> {
    session::ticket_of(look, Identity::of(UserId::PROBE))
}

fn send(work: &mut Work<'_, '_>, params: SendParams) -> Result<SendResult, Failure> {
    let nonce = name_of("nonce", &params.nonce, MAX_NONCE_CHARS)?;
    let pos = work.emit(&Audience::user(UserId::PROBE), ProbeSent { nonce })?;
    Ok(SendResult { pos })
}
