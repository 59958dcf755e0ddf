use antiphon_api::{
    ErrorCode, RpcError,
    methods::replay::{
        MAX_REPLAY_EVENTS, PAGE_BYTES, PAGE_EVENTS, Replay, ReplayParams, ReplayResult,
        ReplayedEvent,
    },
    resume::ResyncReason,
};
use antiphon_store::log;

use crate::{
    context::{Failure, Look},
    rpc::Router,
};

pub(super) fn register(router: Router) -> Router {
    router.query::<Replay>(replay)
}

/// Each page is read in its own short transaction. `after` must be a row of the log every time:
/// if pruning overtakes a replay the next page is refused, never shortened.
fn replay(look: &mut Look<'_>, params: ReplayParams) -> Result<ReplayResult, Failure> {
    let ReplayParams {
        user_id,
        after,
        through,
        first,
    } = params;
    if after < log::oldest(look)? {
        return Ok(ReplayResult::Refused {
            reason: ResyncReason::Expired,
        });
    }
    if !log::is_known(look, after)? {
        return Ok(ReplayResult::Refused {
            reason: ResyncReason::UnknownPosition,
        });
    }
    if !log::is_known(look, through)? {
        return Err(not_our_gateway().into());
    }
    if first
        && log::count_for(look, user_id, after, through, MAX_REPLAY_EVENTS + 1)? > MAX_REPLAY_EVENTS
    {
        return Ok(ReplayResult::Refused {
            reason: ResyncReason::TooFar,
        });
    }
    let page = log::replay(look, user_id, after, through, PAGE_EVENTS, PAGE_BYTES)?;
    let events = page
        .events
        .into_iter()
        .map(|logged| ReplayedEvent {
            pos: logged.pos,
            event: (*logged.event).to_owned(),
        })
        .collect();
    Ok(ReplayResult::Page {
        events,
        more: page.more,
    })
}

/// The gateway follows another log than this one; the link's hello is about to tell it so.
fn not_our_gateway() -> RpcError {
    RpcError::new(ErrorCode::Unavailable, "the gateway is ahead of this log")
        .with("retry_after_ms", 1000)
}
