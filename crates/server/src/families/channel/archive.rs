//! Archiving a channel and bringing it back.
//!
//! Nobody is in an archived channel. Who was, and what went with their memberships, is remembered until
//! it comes back, is deleted, or they leave the workspace.

use antiphon_api::{
    RpcError,
    entities::{Channel, Notify, Permission},
    events::{ChannelAdded, ChannelRemoved, RemovalReason},
    ids::{ChannelId, MessageId, UserId, WorkspaceId},
    methods::channel::{ChannelParams, ChannelResult},
};
use antiphon_store::Audience;
use rusqlite::Connection;

use super::super::column::optional;
use super::{
    super::{permission, read},
    Seen, close,
    members::{Entry, enter, full_of_channels, refuse_crowd},
    notify, refuse_dm,
    rows::current,
    visible_or_archived,
};
use crate::context::{Failure, Work};

pub(super) fn archive(
    work: &mut Work<'_, '_>,
    params: ChannelParams,
) -> Result<ChannelResult, Failure> {
    let channel = archivable(work, params.channel_id)?;
    let id = channel.id;
    if channel.archived_at.is_some() {
        return Err(already("the channel is archived").into());
    }
    work.prepare_cached(
        "INSERT INTO archived_member (channel_id, user_id, last_read_id, muted, level)
         SELECT channel_id, user_id, last_read_id, coalesce(muted, 0), coalesce(level, 'all')
         FROM channel_member
         LEFT JOIN read_cursor USING (channel_id, user_id)
         LEFT JOIN notify USING (channel_id, user_id)
         WHERE channel_id = ?1",
    )?
    .execute([id.get()])?;
    close(work, &[id], |work| {
        let removed = ChannelRemoved {
            channel_id: id,
            reason: RemovalReason::Archived,
        };
        work.emit(&Audience::channel(id), removed)?;
        Ok(())
    })?;
    work.prepare_cached(
        "UPDATE channel SET archived_at = ?2, revision = revision + 1 WHERE id = ?1",
    )?
    .execute([id.get(), work.now.get()])?;
    Ok(ChannelResult {
        channel: current(work, id)?,
    })
}

pub(super) fn unarchive(
    work: &mut Work<'_, '_>,
    params: ChannelParams,
) -> Result<ChannelResult, Failure> {
    let caller = work.caller.user()?;
    let channel = archivable(work, params.channel_id)?;
    let id = channel.id;
    if channel.archived_at.is_none() {
        return Err(already("the channel is not archived").into());
    }
    work.prepare_cached(
        "UPDATE channel SET archived_at = NULL, revision = revision + 1 WHERE id = ?1",
    )?
    .execute([id.get()])?;
    let returned = readmit(work, &channel)?;
    let entry = enter(work, id, caller)?;
    if entry == Entry::Full {
        return Err(full_of_channels().into());
    }
    refuse_crowd(work, id)?;
    let channel = current(work, id)?;
    let added = ChannelAdded {
        channel: channel.clone(),
    };
    work.emit(&Audience::channel(id), added)?;
    for member in returned {
        read::begin_at(work, id, member.user, member.last_read_id)?;
        if member.notify != Notify::usual(id) {
            notify::keep(work, member.user, member.notify)?;
        }
    }
    if entry == Entry::Begun {
        read::begin(work, id, caller)?;
    }
    Ok(ChannelResult { channel })
}

/// Lets in again who was in the channel, and forgets that they were. Who is in as many channels as
/// one may be stays out, so that they do not keep it from the others.
fn readmit(work: &Work<'_, '_>, channel: &Channel) -> Result<Vec<Remembered>, rusqlite::Error> {
    let mut returned = Vec::new();
    for member in remembered(work, channel)? {
        if enter(work, channel.id, member.user)? == Entry::Begun {
            returned.push(member);
        }
    }
    work.prepare_cached("DELETE FROM archived_member WHERE channel_id = ?1")?
        .execute([channel.id.get()])?;
    Ok(returned)
}

/// A channel that the caller may archive and bring back.
fn archivable(work: &Work<'_, '_>, id: ChannelId) -> Result<Channel, Failure> {
    let caller = work.caller.user()?;
    let Seen { channel, .. } = visible_or_archived(work, id, caller)?;
    refuse_dm(&channel)?;
    permission::require(
        work,
        channel.workspace_id,
        caller,
        Permission::ChannelArchive,
    )?;
    Ok(channel)
}

fn already(message: &str) -> RpcError {
    RpcError::conflict("channel", message)
}

struct Remembered {
    user: UserId,
    last_read_id: Option<MessageId>,
    notify: Notify,
}

/// Those who were in the channel; who has left the workspace since is forgotten.
fn remembered(db: &Connection, channel: &Channel) -> Result<Vec<Remembered>, rusqlite::Error> {
    db.prepare_cached(
        "SELECT user_id, last_read_id, muted, level FROM archived_member
         WHERE channel_id = ?1 ORDER BY user_id",
    )?
    .query_map([channel.id.get()], |row| {
        Ok(Remembered {
            user: UserId(row.get(0)?),
            last_read_id: optional(row, 1, MessageId)?,
            notify: notify::from_columns(channel.id, row, 2)?,
        })
    })?
    .collect()
}

/// Whether somebody was in a channel when it was archived.
pub(super) fn remembers(
    db: &Connection,
    id: ChannelId,
    user: UserId,
) -> Result<bool, rusqlite::Error> {
    db.prepare_cached("SELECT 1 FROM archived_member WHERE channel_id = ?1 AND user_id = ?2")?
        .exists([id.get(), user.get()])
}

/// Forgets that somebody who leaves a workspace was in archived channels of it.
pub(in crate::families) fn forget_archived(
    db: &Connection,
    workspace_id: WorkspaceId,
    user: UserId,
) -> Result<(), rusqlite::Error> {
    db.prepare_cached(
        "DELETE FROM archived_member WHERE user_id = ?1 AND channel_id IN (
             SELECT id FROM channel WHERE workspace_id = ?2)",
    )?
    .execute([user.get(), workspace_id.get()])?;
    Ok(())
}
