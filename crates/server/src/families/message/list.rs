use antiphon_api::methods::message::{ListParams, ListResult, MessageParams, MessageResult};
use antiphon_store::log;

use super::{super::channel, Window, readable};
use crate::context::{Failure, Look};

pub(super) fn get(look: &mut Look<'_>, params: MessageParams) -> Result<MessageResult, Failure> {
    let caller = look.caller.user()?;
    Ok(MessageResult {
        message: readable(look, params.message_id, caller)?,
    })
}

pub(super) fn list(look: &mut Look<'_>, params: ListParams) -> Result<ListResult, Failure> {
    let caller = look.caller.user()?;
    channel::joined(look, params.channel_id, caller)?;
    let window = Window {
        since: params.since_id,
        before: params.before_id,
        limit: params.limit,
    };
    let (messages, has_more) = window.read(look, params.channel_id, None)?;
    Ok(ListResult {
        messages,
        has_more,
        pos: log::head(look)?,
    })
}
