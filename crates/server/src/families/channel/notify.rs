//! How each member wants to hear of a channel. It begins and ends with the membership.

use antiphon_api::{
    entities::{Notify, NotifyLevel},
    events::ChannelNotifyUpdated,
    ids::{ChannelId, UserId},
    methods::channel::{NotifyResult, SetNotifyParams},
};
use antiphon_store::Audience;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{super::column::parsed, joined};
use crate::context::{Failure, Work};

pub(super) fn set_notify(
    work: &mut Work<'_, '_>,
    params: SetNotifyParams,
) -> Result<NotifyResult, Failure> {
    let caller = work.caller.user()?;
    let channel = joined(work, params.channel_id, caller)?;
    let held = of(work, channel.id, caller)?;
    let notify = Notify {
        channel_id: channel.id,
        muted: params.muted.unwrap_or(held.muted),
        notify: params.notify.unwrap_or(held.notify),
    };
    if notify != held {
        keep(work, caller, notify)?;
    }
    Ok(NotifyResult { notify })
}

/// Stores what a member wants, and tells them.
pub(super) fn keep(work: &mut Work<'_, '_>, user: UserId, notify: Notify) -> Result<(), Failure> {
    work.prepare_cached(
        "INSERT INTO notify (channel_id, user_id, muted, level) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (channel_id, user_id)
         DO UPDATE SET muted = excluded.muted, level = excluded.level",
    )?
    .execute(params![
        notify.channel_id.get(),
        user.get(),
        notify.muted,
        notify.notify.as_str()
    ])?;
    work.emit(&Audience::user(user), ChannelNotifyUpdated { notify })?;
    Ok(())
}

/// What a member wants.
fn of(db: &Connection, channel_id: ChannelId, user: UserId) -> Result<Notify, rusqlite::Error> {
    let kept = db
        .prepare_cached("SELECT muted, level FROM notify WHERE channel_id = ?1 AND user_id = ?2")?
        .query_row([channel_id.get(), user.get()], |row| {
            from_columns(channel_id, row, 0)
        })
        .optional()?;
    Ok(kept.unwrap_or_else(|| Notify::usual(channel_id)))
}

/// What a user wants in each channel they are in, in id order.
pub(in crate::families) fn of_user(
    db: &Connection,
    user: UserId,
) -> Result<Vec<Notify>, rusqlite::Error> {
    db.prepare_cached(
        "SELECT channel_member.channel_id, coalesce(muted, 0), coalesce(level, 'all')
         FROM channel_member LEFT JOIN notify USING (channel_id, user_id)
         WHERE user_id = ?1 ORDER BY channel_member.channel_id",
    )?
    .query_map([user.get()], |row| {
        from_columns(ChannelId(row.get(0)?), row, 1)
    })?
    .collect()
}

/// From the columns `muted` and `level`, the first of which is `index`.
pub(super) fn from_columns(
    channel_id: ChannelId,
    row: &Row<'_>,
    index: usize,
) -> Result<Notify, rusqlite::Error> {
    Ok(Notify {
        channel_id,
        muted: row.get(index)?,
        notify: parsed(row, index + 1, NotifyLevel::parse)?,
    })
}

pub(super) fn forget(
    db: &Connection,
    channel_id: ChannelId,
    user: UserId,
) -> Result<(), rusqlite::Error> {
    db.prepare_cached("DELETE FROM notify WHERE channel_id = ?1 AND user_id = ?2")?
        .execute([channel_id.get(), user.get()])?;
    Ok(())
}

pub(super) fn forget_all(db: &Connection, channel_id: ChannelId) -> Result<(), rusqlite::Error> {
    db.prepare_cached("DELETE FROM notify WHERE channel_id = ?1")?
        .execute([channel_id.get()])?;
    Ok(())
}
