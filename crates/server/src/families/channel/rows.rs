//! The statements that read channels.

use antiphon_api::{
    entities::{Channel, ChannelKind},
    ids::{ChannelId, Revision, UnixMs, UserId, WorkspaceId},
};
use antiphon_store::{Scope, membership};
use rusqlite::{Connection, OptionalExtension, Row};

use super::super::column::{optional, parsed};

/// What [`from_row`] reads.
pub(super) const COLUMNS: &str = "id, workspace_id, kind, name, topic, archived_at, revision";

pub(in crate::families) fn is_member(
    db: &Connection,
    id: ChannelId,
    user: UserId,
) -> Result<bool, rusqlite::Error> {
    membership::is_member(db, Scope::Channel(id), user)
}

/// The channels of a workspace that a user is in.
pub(in crate::families) fn joined_in(
    db: &Connection,
    workspace_id: WorkspaceId,
    user: UserId,
) -> Result<Vec<ChannelId>, rusqlite::Error> {
    db.prepare_cached(
        "SELECT channel.id FROM channel_member JOIN channel ON channel.id = channel_id
         WHERE user_id = ?1 AND workspace_id = ?2
         ORDER BY channel.id",
    )?
    .query_map([user.get(), workspace_id.get()], |row| {
        row.get(0).map(ChannelId)
    })?
    .collect()
}

/// The channels a user is in, in id order.
pub(in crate::families) fn of_user(
    db: &Connection,
    user: UserId,
) -> Result<Vec<Channel>, rusqlite::Error> {
    let channels: Vec<Channel> = db
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM channel
             WHERE id IN (SELECT channel_id FROM channel_member WHERE user_id = ?1)
             ORDER BY id"
        ))?
        .query_map([user.get()], from_row)?
        .collect::<Result<_, _>>()?;
    channels
        .into_iter()
        .map(|channel| with_members(db, channel))
        .collect()
}

/// The channels of a workspace, archived ones too.
pub(in crate::families) fn all_in(
    db: &Connection,
    workspace_id: WorkspaceId,
) -> Result<Vec<ChannelId>, rusqlite::Error> {
    db.prepare_cached(
        "SELECT id FROM channel WHERE workspace_id = ?1 AND deleted_at IS NULL ORDER BY id",
    )?
    .query_map([workspace_id.get()], |row| row.get(0).map(ChannelId))?
    .collect()
}

/// A channel that is not deleted; it may be archived.
pub(super) fn find(db: &Connection, id: ChannelId) -> Result<Option<Channel>, rusqlite::Error> {
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM channel WHERE id = ?1 AND deleted_at IS NULL"
    ))?
    .query_row([id.get()], from_row)
    .optional()?
    .map(|channel| with_members(db, channel))
    .transpose()
}

/// A channel that this transaction has found or made.
pub(super) fn current(db: &Connection, id: ChannelId) -> Result<Channel, rusqlite::Error> {
    find(db, id)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

pub(super) fn with_members(
    db: &Connection,
    mut channel: Channel,
) -> Result<Channel, rusqlite::Error> {
    if channel.kind == ChannelKind::Dm {
        channel.member_ids = Some(membership::members(db, Scope::Channel(channel.id))?);
    }
    Ok(channel)
}

pub(super) fn from_row(row: &Row<'_>) -> Result<Channel, rusqlite::Error> {
    Ok(Channel {
        id: ChannelId(row.get(0)?),
        workspace_id: WorkspaceId(row.get(1)?),
        kind: parsed(row, 2, ChannelKind::parse)?,
        name: row.get(3)?,
        topic: row.get(4)?,
        member_ids: None,
        archived_at: optional(row, 5, UnixMs)?,
        revision: Revision(row.get(6)?),
    })
}
