use antiphon_api::{
    RpcError,
    events::EVENTS,
    ids::Pos,
    methods::events::{List, ListParams, ListResult, ListedEvent, MAX_PAGE_BYTES, MAX_SCANNED},
};
use antiphon_store::log;

use super::{page::limit_of, user};
use crate::{
    context::{Failure, Look},
    rpc::Router,
};

pub(super) fn register(router: Router) -> Router {
    router.query::<List>(list)
}

fn list(look: &mut Look<'_>, params: ListParams) -> Result<ListResult, Failure> {
    user::require_administrator(look, look.caller, "events:list")?;
    let limit = limit_of(params.limit)?;
    if let Some(kind) = &params.kind
        && !EVENTS.iter().any(|event| event.name == kind)
    {
        let message = "there is no such event; rpc.discover lists them under x-events";
        return Err(RpcError::invalid_param("type", message).into());
    }
    let found = log::find(
        look,
        params.after.unwrap_or(Pos(0)),
        params.kind.as_deref(),
        MAX_SCANNED,
        limit,
        MAX_PAGE_BYTES,
    )?;
    let events = found.events.into_iter().map(|logged| ListedEvent {
        pos: logged.pos,
        event: (*logged.event).to_owned(),
    });
    Ok(ListResult {
        events: events.collect(),
        has_more: found.more,
        through: found.through,
        oldest: log::oldest(look)?,
        head: log::head(look)?,
    })
}
