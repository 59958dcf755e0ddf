use antiphon_api::{
    RpcError,
    events::TypingStarted,
    method::Done,
    methods::typing::{MAX_TYPING_MEMBERS, Relay, RelayParams, TYPING_TTL_MS},
};
use antiphon_store::{Scope, membership};

use super::channel;
use crate::{
    context::{Failure, Look},
    rpc::Router,
};

pub(super) fn register(router: Router) -> Router {
    router.query::<Relay>(relay)
}

fn relay(look: &mut Look<'_>, params: RelayParams) -> Result<Done, Failure> {
    let user_id = look.caller.user()?;
    let channel_id = params.channel_id;
    channel::joined(look, channel_id, user_id)?;
    if membership::count(look, Scope::Channel(channel_id))? > MAX_TYPING_MEMBERS {
        let message = format!("typing is not told in channels of over {MAX_TYPING_MEMBERS}");
        return Err(RpcError::over(MAX_TYPING_MEMBERS, message).into());
    }
    let noted = look.shared.typing.note(channel_id, user_id, look.now);
    noted.map_err(|wait| {
        RpcError::rate_limited("typing was told a moment ago", wait.unsigned_abs())
    })?;
    let mut others = membership::members(look, Scope::Channel(channel_id))?;
    others.retain(|member| *member != user_id);
    let fact = TypingStarted {
        channel_id,
        user_id,
        started_at: look.now,
        expires_at: look.now.plus_ms(TYPING_TTL_MS),
    };
    look.relay(others, format!("typing:{channel_id}:{user_id}"), fact);
    Ok(Done {})
}
