//! Huddles: people of a channel who talk.
//!
//! A channel has at most one, and somebody sits in at most one. It begins with its first
//! participant and ends with the last; one that has ended is not kept. A seat belongs to a lease:
//! who joins again, from another tab or after a lost connection, gets a newer one, and what is
//! still said under the older (leave, renew) counts for nothing. Without a LiveKit server a huddle
//! is a room where people are present, and no more.

mod seats;

use antiphon_api::{
    RpcError,
    entities::{Huddle, Permission},
    events::{HuddleEndReason, HuddleStarted},
    ids::{HuddleId, UserId},
    method::Done,
    methods::{
        channel::ChannelParams,
        huddle::{
            End, Get, HuddleParams, HuddleResult, Join, JoinResult, LEASE_TTL_MS, Leave,
            LeaveParams, ListActive, ListActiveParams, ListActiveResult, LivekitAccess,
            MAX_PARTICIPANTS, Renew, RenewParams, RenewResult, Start, Update, UpdateParams,
        },
    },
};
use antiphon_store::{Audience, log};
use rusqlite::{Connection, params};

use super::{channel, permission};
use crate::{
    context::{Failure, Look, Work},
    rpc::Router,
};

use seats::{active_in, close, insert, load, rise, seat_of, settle, sit};
pub(crate) use seats::{all_seats, lose};
pub(super) use seats::{end_in, introduce, leave, leave_any, of_user};

pub(super) fn register(router: Router) -> Router {
    router
        .mutation::<Start>(start)
        .mutation::<Join>(join)
        .mutation::<Leave>(quit)
        .mutation::<End>(end)
        .mutation::<Update>(update)
        .query::<Renew>(renew)
        .query::<Get>(get)
        .query::<ListActive>(list_active)
}

fn start(work: &mut Work<'_, '_>, params: ChannelParams) -> Result<JoinResult, Failure> {
    let caller = work.caller.user()?;
    let channel = channel::joined(work, params.channel_id, caller)?;
    if let Some(huddle) = active_in(work, channel.id)? {
        return enter(work, huddle, caller);
    }
    permission::require(work, channel.workspace_id, caller, Permission::HuddleStart)?;
    leave_other(work, None, caller)?;
    let id = insert(work, channel.id, caller)?;
    let lease = sit(work, id, caller)?;
    let huddle = load(work, id)?.ok_or_else(|| absent(id))?;
    let started = HuddleStarted {
        huddle: huddle.clone(),
    };
    work.emit(&Audience::channel(channel.id), started)?;
    Ok(JoinResult {
        livekit: access(work, id, caller)?,
        huddle,
        lease,
    })
}

fn join(work: &mut Work<'_, '_>, params: HuddleParams) -> Result<JoinResult, Failure> {
    let caller = work.caller.user()?;
    let huddle = visible(work, params.huddle_id, caller)?;
    enter(work, huddle, caller)
}

fn enter(work: &mut Work<'_, '_>, huddle: Huddle, caller: UserId) -> Result<JoinResult, Failure> {
    let id = huddle.id;
    let sits = |one: &Huddle| one.participants.iter().any(|one| one.user_id == caller);
    if huddle.participants.len() >= MAX_PARTICIPANTS && !sits(&huddle) {
        let message = format!("a huddle has at most {MAX_PARTICIPANTS} participants");
        return Err(RpcError::full(MAX_PARTICIPANTS, message).into());
    }
    leave_other(work, Some(id), caller)?;
    let lease = sit(work, id, caller)?;
    Ok(JoinResult {
        livekit: access(work, id, caller)?,
        huddle: settle(work, huddle)?,
        lease,
    })
}

/// Somebody talks in one huddle at a time.
fn leave_other(
    work: &mut Work<'_, '_>,
    stays_in: Option<HuddleId>,
    user: UserId,
) -> Result<(), Failure> {
    match seat_of(work, user)? {
        Some(seat) if Some(seat.huddle_id) != stays_in => rise(work, &seat, HuddleEndReason::Left),
        _ => Ok(()),
    }
}

fn quit(work: &mut Work<'_, '_>, params: LeaveParams) -> Result<Done, Failure> {
    let caller = work.caller.user()?;
    let seat = seat_of(work, caller)?.filter(|seat| {
        let LeaveParams { huddle_id, lease } = params;
        seat.huddle_id == huddle_id && lease.is_none_or(|lease| lease == seat.lease)
    });
    if let Some(seat) = seat {
        rise(work, &seat, HuddleEndReason::Left)?;
    }
    Ok(Done {})
}

fn end(work: &mut Work<'_, '_>, params: HuddleParams) -> Result<Done, Failure> {
    let caller = work.caller.user()?;
    let huddle = visible(work, params.huddle_id, caller)?;
    if huddle.started_by != caller {
        let channel = channel::joined(work, huddle.channel_id, caller)?;
        permission::require(work, channel.workspace_id, caller, Permission::HuddleEnd)?;
    }
    close(work, &huddle, HuddleEndReason::Ended)?;
    Ok(Done {})
}

fn update(work: &mut Work<'_, '_>, params: UpdateParams) -> Result<HuddleResult, Failure> {
    let UpdateParams {
        huddle_id,
        muted,
        screen,
        hand,
    } = params;
    let caller = work.caller.user()?;
    let huddle = visible(work, huddle_id, caller)?;
    let changed = work
        .prepare_cached(
            "UPDATE huddle_seat SET muted = coalesce(?3, muted), screen = coalesce(?4, screen),
                 hand = coalesce(?5, hand)
             WHERE huddle_id = ?1 AND user_id = ?2",
        )?
        .execute(params![huddle_id.get(), caller.get(), muted, screen, hand])?;
    if changed == 0 {
        return Err(RpcError::forbidden("huddle:participant", "join the huddle first").into());
    }
    Ok(HuddleResult {
        huddle: settle(work, huddle)?,
    })
}

fn renew(look: &mut Look<'_>, params: RenewParams) -> Result<RenewResult, Failure> {
    let RenewParams { huddle_id, lease } = params;
    let caller = look.caller.user()?;
    let seat = seat_of(look, caller)?;
    if seat.is_none_or(|seat| (seat.huddle_id, seat.lease) != (huddle_id, lease)) {
        return Err(RpcError::not_found("lease", lease.get()).into());
    }
    look.effects.leases.push((caller, lease));
    let ttl = i64::try_from(LEASE_TTL_MS).unwrap_or(i64::MAX);
    Ok(RenewResult {
        expires_at: look.now.plus_ms(ttl),
    })
}

fn get(look: &mut Look<'_>, params: HuddleParams) -> Result<HuddleResult, Failure> {
    let caller = look.caller.user()?;
    Ok(HuddleResult {
        huddle: visible(look, params.huddle_id, caller)?,
    })
}

fn list_active(look: &mut Look<'_>, params: ListActiveParams) -> Result<ListActiveResult, Failure> {
    let caller = look.caller.user()?;
    let mut huddles = of_user(look, caller)?;
    if let Some(id) = params.workspace_id {
        permission::visible(look, id, caller)?;
        let channels = channel::joined_in(look, id, caller)?;
        huddles.retain(|huddle| channels.binary_search(&huddle.channel_id).is_ok());
    }
    Ok(ListActiveResult {
        huddles,
        pos: log::head(look)?,
    })
}

/// A huddle of a channel the caller is in.
fn visible(db: &Connection, id: HuddleId, caller: UserId) -> Result<Huddle, Failure> {
    let huddle = load(db, id)?.ok_or_else(|| absent(id))?;
    if channel::is_member(db, huddle.channel_id, caller)? {
        Ok(huddle)
    } else {
        Err(absent(id).into())
    }
}

fn absent(id: HuddleId) -> RpcError {
    RpcError::not_found("huddle", id.get())
}

fn access(
    work: &Work<'_, '_>,
    id: HuddleId,
    user: UserId,
) -> Result<Option<LivekitAccess>, Failure> {
    let livekit = work.shared.livekit.as_ref();
    livekit
        .map(|livekit| livekit.access(id, user, work.now))
        .transpose()
        .map_err(Failure::internal)
}
