use antiphon_api::{
    ErrorCode, RpcError,
    events::EVENTS,
    ids::Pos,
    methods::events::{
        List, ListParams, ListResult, ListedEvent, MAX_PAGE_BYTES, MAX_REPLAY_EVENTS,
        MAX_REPLAY_PAGE_BYTES, MAX_REPLAY_PAGE_EVENTS, MAX_SCANNED, Replay, ReplayParams,
        ReplayResult, ReplayedEvent,
    },
    resume::ResyncReason,
};
use antiphon_store::log;

use super::{page::limit_of, user};
use crate::{
    context::{Failure, Look},
    rpc::Router,
};

pub(super) fn register(router: Router) -> Router {
    router.query::<List>(list).query::<Replay>(replay)
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

/// Each page is read in its own short transaction. `after` must be a row of the log every time:
/// if pruning overtakes a replay the next page is refused, never shortened.
fn replay(look: &mut Look<'_>, params: ReplayParams) -> Result<ReplayResult, Failure> {
    let result = match refusal(look, &params)? {
        Some(reason) => ReplayResult::Refused { reason },
        None => page(look, &params)?,
    };
    look.shared.metrics.replayed(params.first, &result);
    Ok(result)
}

fn page(look: &Look<'_>, params: &ReplayParams) -> Result<ReplayResult, Failure> {
    let page = log::replay(
        look,
        params.user_id,
        params.after,
        params.through,
        MAX_REPLAY_PAGE_EVENTS,
        MAX_REPLAY_PAGE_BYTES,
    )?;
    let events = page.events.into_iter().map(|logged| ReplayedEvent {
        pos: logged.pos,
        event: (*logged.event).to_owned(),
    });
    Ok(ReplayResult::Page {
        events: events.collect(),
        more: page.more,
    })
}

fn refusal(look: &Look<'_>, params: &ReplayParams) -> Result<Option<ResyncReason>, Failure> {
    let (after, through) = (params.after, params.through);
    if after < log::oldest(look)? {
        return Ok(Some(ResyncReason::Expired));
    }
    if !log::is_known(look, after)? {
        return Ok(Some(ResyncReason::UnknownPosition));
    }
    if !log::is_known(look, through)? {
        return Err(not_our_gateway().into());
    }
    let most = MAX_REPLAY_EVENTS;
    let too_far =
        params.first && log::count_for(look, params.user_id, after, through, most + 1)? > most;
    Ok(too_far.then_some(ResyncReason::TooFar))
}

/// The gateway follows another log than this one; the link's hello is about to tell it so.
fn not_our_gateway() -> RpcError {
    RpcError::new(ErrorCode::Unavailable, "the gateway is ahead of this log")
        .with("retry_after_ms", 1000)
}
