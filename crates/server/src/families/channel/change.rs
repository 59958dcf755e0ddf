//! Changing a channel, and deleting it.

use antiphon_api::{
    entities::Permission,
    events::{ChannelRemoved, ChannelUpdated, RemovalReason},
    limits::MAX_NAME_CHARS,
    method::Done,
    methods::channel::{ChannelParams, ChannelResult, UpdateParams},
};
use antiphon_store::Audience;
use rusqlite::params;

use super::{
    super::{name_of, permission},
    Seen, close, joined, refuse_dm,
    rows::current,
    topic_of, visible_or_archived,
};
use crate::context::{Failure, Work};

pub(super) fn update(
    work: &mut Work<'_, '_>,
    params: UpdateParams,
) -> Result<ChannelResult, Failure> {
    let caller = work.caller.user()?;
    let channel = joined(work, params.channel_id, caller)?;
    refuse_dm(&channel)?;
    permission::require(
        work,
        channel.workspace_id,
        caller,
        Permission::ChannelUpdate,
    )?;
    let name = match params.name {
        Some(name) => name_of("name", &name, MAX_NAME_CHARS)?,
        None => channel.name.clone(),
    };
    let topic = match params.topic {
        Some(topic) => topic_of(topic)?,
        None => channel.topic.clone(),
    };
    if (&name, &topic) == (&channel.name, &channel.topic) {
        return Ok(ChannelResult { channel });
    }
    work.prepare_cached(
        "UPDATE channel SET name = ?2, topic = ?3, revision = revision + 1 WHERE id = ?1",
    )?
    .execute(params![channel.id.get(), name, topic])?;
    let channel = current(work, channel.id)?;
    let updated = ChannelUpdated {
        channel: channel.clone(),
    };
    work.emit(&Audience::channel(channel.id), updated)?;
    Ok(ChannelResult { channel })
}

pub(super) fn delete(work: &mut Work<'_, '_>, params: ChannelParams) -> Result<Done, Failure> {
    let caller = work.caller.user()?;
    let Seen { channel, .. } = visible_or_archived(work, params.channel_id, caller)?;
    refuse_dm(&channel)?;
    permission::require(
        work,
        channel.workspace_id,
        caller,
        Permission::ChannelDelete,
    )?;
    close(work, &[channel.id], |work| {
        let removed = ChannelRemoved {
            channel_id: channel.id,
            reason: RemovalReason::Deleted,
        };
        work.emit(&Audience::channel(channel.id), removed)?;
        Ok(())
    })?;
    work.prepare_cached("UPDATE channel SET deleted_at = ?2 WHERE id = ?1")?
        .execute([channel.id.get(), work.now.get()])?;
    Ok(Done {})
}
