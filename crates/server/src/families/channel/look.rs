//! Looking at channels.

use antiphon_api::{
    ids::{ChannelId, UserId},
    methods::channel::{
        ChannelMember, ChannelParams, GetResult, ListParams, ListResult, ListedChannel,
        MembersParams, MembersResult,
    },
};
use antiphon_store::log;
use rusqlite::params;

use super::{
    super::{page, permission},
    Seen, may_join,
    rows::{COLUMNS, from_row, with_members},
    visible, visible_or_archived,
};
use crate::context::{Failure, Look};

pub(super) fn get(look: &mut Look<'_>, params: ChannelParams) -> Result<GetResult, Failure> {
    let caller = look.caller.user()?;
    let Seen { channel, is_member } = visible_or_archived(look, params.channel_id, caller)?;
    Ok(GetResult { channel, is_member })
}

pub(super) fn list(look: &mut Look<'_>, params: ListParams) -> Result<ListResult, Failure> {
    let caller = look.caller.user()?;
    let limit = page::limit_of(params.limit)?;
    permission::visible(look, params.workspace_id, caller)?;
    let sees_public = may_join(look, params.workspace_id, caller)?;
    let mut statement = look.prepare_cached(&format!(
        "SELECT {COLUMNS}, EXISTS (
             SELECT 1 FROM channel_member
             WHERE channel_id = channel.id AND user_id = ?2) AS joined
         FROM channel
         WHERE workspace_id = ?1 AND id > ?4 AND deleted_at IS NULL
           AND id IN (
             SELECT id FROM channel
             WHERE workspace_id = ?1 AND kind <> 'dm' AND deleted_at IS NULL
             UNION SELECT channel_id FROM channel_member WHERE user_id = ?2)
           AND (joined OR kind = 'public' AND ?3 OR EXISTS (
             SELECT 1 FROM archived_member
             WHERE channel_id = channel.id AND user_id = ?2))
         ORDER BY id"
    ))?;
    let after = params.since_id.map_or(0, ChannelId::get);
    let window = params![params.workspace_id.get(), caller.get(), sees_public, after];
    let rows = statement.query_map(window, |row| {
        Ok(ListedChannel {
            channel: with_members(look, from_row(row)?)?,
            is_member: row.get("joined")?,
        })
    })?;
    let (channels, has_more) = page::first(limit, rows)?;
    Ok(ListResult {
        channels,
        has_more,
        pos: log::head(look)?,
    })
}

pub(super) fn members(
    look: &mut Look<'_>,
    params: MembersParams,
) -> Result<MembersResult, Failure> {
    let caller = look.caller.user()?;
    let limit = page::limit_of(params.limit)?;
    let Seen { channel, .. } = visible(look, params.channel_id, caller)?;
    let mut statement = look.prepare_cached(
        "SELECT user_id FROM channel_member
         WHERE channel_id = ?1 AND user_id > ?2 ORDER BY user_id",
    )?;
    let after = params.since_id.map_or(0, UserId::get);
    let rows = statement.query_map([channel.id.get(), after], |row| {
        Ok(ChannelMember {
            channel_id: channel.id,
            user_id: UserId(row.get(0)?),
        })
    })?;
    let (members, has_more) = page::first(limit, rows)?;
    Ok(MembersResult {
        members,
        has_more,
        pos: log::head(look)?,
    })
}
