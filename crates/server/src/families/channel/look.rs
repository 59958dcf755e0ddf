//! Looking at channels.

use antiphon_api::methods::channel::{ListParams, ListResult, ListedChannel};
use antiphon_store::log;

use super::{
    super::workspace,
    rows::{from_row, with_members},
};
use crate::context::{Failure, Look};

pub(super) fn list(look: &mut Look<'_>, params: ListParams) -> Result<ListResult, Failure> {
    let caller = look.caller.user()?;
    workspace::visible(look, params.workspace_id, caller)?;
    let mut statement = look.prepare_cached(
        "SELECT id, workspace_id, kind, name, topic, revision, EXISTS (
             SELECT 1 FROM channel_member
             WHERE channel_id = channel.id AND user_id = ?2) AS joined
         FROM channel WHERE workspace_id = ?1 AND (kind = 'public' OR joined) ORDER BY id",
    )?;
    let rows = statement.query_map([params.workspace_id.get(), caller.get()], |row| {
        Ok((from_row(row)?, row.get(6)?))
    })?;
    let mut channels = Vec::new();
    for row in rows {
        let (channel, is_member) = row?;
        channels.push(ListedChannel {
            channel: with_members(look, channel)?,
            is_member,
        });
    }
    Ok(ListResult {
        channels,
        pos: log::head(look)?,
    })
}
