//! Who sits where, and what is told when it changes.

use antiphon_api::{
    entities::{Huddle, Participant},
    events::{HuddleEndReason, HuddleEnded, HuddleStarted, HuddleUpdated},
    ids::{ChannelId, HuddleId, HuddleLease, Revision, UnixMs, UserId},
};
use antiphon_store::Audience;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{
    context::{Failure, Work},
    huddle::Seat,
};

const SEAT: &str = "SELECT huddle_id, user_id, lease, leased_at FROM huddle_seat";
const HUDDLE: &str = "SELECT id, channel_id, started_by, started_at, revision FROM huddle";

/// Begins an empty huddle; somebody has to sit down in it.
pub(super) fn insert(
    work: &Work<'_, '_>,
    channel_id: ChannelId,
    user: UserId,
) -> Result<HuddleId, Failure> {
    work.prepare_cached(
        "INSERT INTO huddle (channel_id, started_by, started_at) VALUES (?1, ?2, ?3)",
    )?
    .execute([channel_id.get(), user.get(), work.now.get()])?;
    Ok(HuddleId(work.last_insert_rowid()))
}

/// Gives a user a new lease in a huddle; what an older one had set (muted, screen, hand) is over.
pub(super) fn sit(
    work: &mut Work<'_, '_>,
    huddle_id: HuddleId,
    user: UserId,
) -> Result<HuddleLease, Failure> {
    work.prepare_cached(
        "INSERT OR REPLACE INTO huddle_seat (huddle_id, user_id, leased_at, joined_at)
         VALUES (?1, ?2, ?3, coalesce(
             (SELECT joined_at FROM huddle_seat WHERE huddle_id = ?1 AND user_id = ?2), ?3))",
    )?
    .execute([huddle_id.get(), user.get(), work.now.get()])?;
    let lease = HuddleLease(work.last_insert_rowid());
    work.effects.leases.push((user, lease));
    Ok(lease)
}

/// Ends a stay, and with the last one the huddle.
pub(super) fn rise(
    work: &mut Work<'_, '_>,
    seat: &Seat,
    reason: HuddleEndReason,
) -> Result<(), Failure> {
    let Some(huddle) = load(work, seat.huddle_id)? else {
        return Ok(());
    };
    work.prepare_cached("DELETE FROM huddle_seat WHERE lease = ?1")?
        .execute([seat.lease.get()])?;
    if huddle.participants.len() == 1 {
        close(work, &huddle, reason)
    } else {
        settle(work, huddle).map(drop)
    }
}

/// Tells of what has changed among the participants, if anything has. Returns the huddle as it is.
pub(super) fn settle(work: &mut Work<'_, '_>, before: Huddle) -> Result<Huddle, Failure> {
    if participants(work, before.id)? == before.participants {
        return Ok(before);
    }
    work.prepare_cached("UPDATE huddle SET revision = revision + 1 WHERE id = ?1")?
        .execute([before.id.get()])?;
    let huddle = load(work, before.id)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    let updated = HuddleUpdated {
        huddle: huddle.clone(),
    };
    work.emit(&Audience::channel(huddle.channel_id), updated)?;
    Ok(huddle)
}

pub(super) fn close(
    work: &mut Work<'_, '_>,
    huddle: &Huddle,
    reason: HuddleEndReason,
) -> Result<(), Failure> {
    work.prepare_cached("DELETE FROM huddle_seat WHERE huddle_id = ?1")?
        .execute([huddle.id.get()])?;
    work.prepare_cached("DELETE FROM huddle WHERE id = ?1")?
        .execute([huddle.id.get()])?;
    let ended = HuddleEnded {
        huddle_id: huddle.id,
        channel_id: huddle.channel_id,
        reason,
    };
    work.emit(&Audience::channel(huddle.channel_id), ended)?;
    Ok(())
}

/// Somebody's membership in a channel ends, and with it their stay in its huddle.
pub(crate) fn leave(
    work: &mut Work<'_, '_>,
    channel_id: ChannelId,
    user_id: UserId,
) -> Result<(), Failure> {
    let huddle = active_in(work, channel_id)?;
    let seat = seat_of(work, user_id)?;
    match seat.filter(|seat| huddle.is_some_and(|huddle| huddle.id == seat.huddle_id)) {
        Some(seat) => rise(work, &seat, HuddleEndReason::Channel),
        None => Ok(()),
    }
}

/// Somebody leaves whatever huddle they are in.
pub(crate) fn leave_any(work: &mut Work<'_, '_>, user_id: UserId) -> Result<(), Failure> {
    match seat_of(work, user_id)? {
        Some(seat) => rise(work, &seat, HuddleEndReason::Left),
        None => Ok(()),
    }
}

/// A channel ends, and with it its huddle. To be called while its members can still hear it.
pub(crate) fn end_in(work: &mut Work<'_, '_>, channel_id: ChannelId) -> Result<(), Failure> {
    match active_in(work, channel_id)? {
        Some(huddle) => close(work, &huddle, HuddleEndReason::Channel),
        None => Ok(()),
    }
}

/// Nothing more is heard of somebody under this lease.
pub(crate) fn lose(
    work: &mut Work<'_, '_>,
    user: UserId,
    lease: HuddleLease,
) -> Result<(), Failure> {
    match seat_of(work, user)?.filter(|seat| seat.lease == lease) {
        Some(seat) => rise(work, &seat, HuddleEndReason::Lost),
        None => Ok(()),
    }
}

/// Shows a newcomer the huddle that goes on in a channel.
pub(crate) fn introduce(
    work: &mut Work<'_, '_>,
    channel_id: ChannelId,
    user_id: UserId,
) -> Result<(), Failure> {
    if let Some(huddle) = active_in(work, channel_id)? {
        work.emit(&Audience::user(user_id), HuddleStarted { huddle })?;
    }
    Ok(())
}

pub(super) fn seat_of(db: &Connection, user: UserId) -> Result<Option<Seat>, rusqlite::Error> {
    db.prepare_cached(&format!("{SEAT} WHERE user_id = ?1"))?
        .query_row([user.get()], seat)
        .optional()
}

/// Everybody's, those of one huddle together.
pub(crate) fn all_seats(db: &Connection) -> Result<Vec<Seat>, rusqlite::Error> {
    db.prepare_cached(&format!("{SEAT} ORDER BY huddle_id, lease"))?
        .query_map([], seat)?
        .collect()
}

fn seat(row: &Row<'_>) -> Result<Seat, rusqlite::Error> {
    Ok(Seat {
        huddle_id: HuddleId(row.get(0)?),
        user: UserId(row.get(1)?),
        lease: HuddleLease(row.get(2)?),
        leased_at: UnixMs(row.get(3)?),
    })
}

pub(super) fn load(db: &Connection, id: HuddleId) -> Result<Option<Huddle>, rusqlite::Error> {
    db.prepare_cached(&format!("{HUDDLE} WHERE id = ?1"))?
        .query_row([id.get()], huddle)
        .optional()?
        .map(|huddle| with_participants(db, huddle))
        .transpose()
}

/// The huddle that goes on in a channel.
pub(super) fn active_in(
    db: &Connection,
    channel_id: ChannelId,
) -> Result<Option<Huddle>, rusqlite::Error> {
    db.prepare_cached(&format!("{HUDDLE} WHERE channel_id = ?1"))?
        .query_row([channel_id.get()], huddle)
        .optional()?
        .map(|huddle| with_participants(db, huddle))
        .transpose()
}

/// Those that go on in the channels of a user, in id order.
pub(crate) fn of_user(db: &Connection, user: UserId) -> Result<Vec<Huddle>, rusqlite::Error> {
    let huddles: Vec<Huddle> = db
        .prepare_cached(&format!(
            "{HUDDLE} WHERE channel_id IN (
                 SELECT channel_id FROM channel_member WHERE user_id = ?1)
             ORDER BY id"
        ))?
        .query_map([user.get()], huddle)?
        .collect::<Result<_, _>>()?;
    huddles
        .into_iter()
        .map(|huddle| with_participants(db, huddle))
        .collect()
}

fn with_participants(db: &Connection, mut huddle: Huddle) -> Result<Huddle, rusqlite::Error> {
    huddle.participants = participants(db, huddle.id)?;
    Ok(huddle)
}

fn participants(db: &Connection, id: HuddleId) -> Result<Vec<Participant>, rusqlite::Error> {
    db.prepare_cached(
        "SELECT user_id, joined_at, muted, screen, hand FROM huddle_seat
         WHERE huddle_id = ?1 ORDER BY joined_at, user_id",
    )?
    .query_map(params![id.get()], |row| {
        Ok(Participant {
            user_id: UserId(row.get(0)?),
            joined_at: UnixMs(row.get(1)?),
            muted: row.get(2)?,
            screen: row.get(3)?,
            hand: row.get(4)?,
        })
    })?
    .collect()
}

fn huddle(row: &Row<'_>) -> Result<Huddle, rusqlite::Error> {
    Ok(Huddle {
        id: HuddleId(row.get(0)?),
        channel_id: ChannelId(row.get(1)?),
        started_by: UserId(row.get(2)?),
        started_at: UnixMs(row.get(3)?),
        participants: Vec::new(),
        revision: Revision(row.get(4)?),
    })
}
