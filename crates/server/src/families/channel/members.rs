//! Who is in a channel: joining and leaving, oneself or by others.

use antiphon_api::{
    RpcError,
    entities::{Channel, Permission},
    events::{ChannelAdded, ChannelMemberJoined, ChannelRemoved, RemovalReason},
    ids::{ChannelId, UserId},
    method::Done,
    methods::channel::{
        ChannelMember, ChannelParams, ChannelResult, MAX_CHANNELS_OF_USER, MemberParams,
        MemberResult,
    },
};
use antiphon_store::{Audience, Scope, membership};
use rusqlite::Connection;

use super::{
    super::{MAX_MEMBERS, full, huddle, permission, read},
    Seen, is_member, joined, refuse_dm,
    rows::current,
    visible, withdraw,
};
use crate::context::{Failure, Work};

pub(super) fn join(
    work: &mut Work<'_, '_>,
    params: ChannelParams,
) -> Result<ChannelResult, Failure> {
    let caller = work.caller.user()?;
    let Seen { channel, .. } = visible(work, params.channel_id, caller)?;
    Ok(ChannelResult {
        channel: admit(work, channel.id, &[caller])?,
    })
}

pub(super) fn leave(work: &mut Work<'_, '_>, params: ChannelParams) -> Result<Done, Failure> {
    let caller = work.caller.user()?;
    let channel = joined(work, params.channel_id, caller)?;
    refuse_dm(&channel)?;
    end(work, channel.id, caller, RemovalReason::Left)?;
    Ok(Done {})
}

pub(super) fn add_member(
    work: &mut Work<'_, '_>,
    params: MemberParams,
) -> Result<MemberResult, Failure> {
    let MemberParams {
        channel_id,
        user_id,
    } = params;
    let caller = work.caller.user()?;
    let channel = joined(work, channel_id, caller)?;
    refuse_dm(&channel)?;
    permission::require(
        work,
        channel.workspace_id,
        caller,
        Permission::ChannelAddMember,
    )?;
    if permission::role_of(work, channel.workspace_id, user_id)?.is_none() {
        return Err(RpcError::not_found("member", user_id.get()).into());
    }
    admit(work, channel_id, &[user_id])?;
    Ok(MemberResult {
        member: ChannelMember {
            channel_id,
            user_id,
        },
    })
}

pub(super) fn remove_member(
    work: &mut Work<'_, '_>,
    params: MemberParams,
) -> Result<Done, Failure> {
    let MemberParams {
        channel_id,
        user_id,
    } = params;
    let caller = work.caller.user()?;
    let Seen { channel, .. } = visible(work, channel_id, caller)?;
    refuse_dm(&channel)?;
    if caller != user_id {
        permission::require(
            work,
            channel.workspace_id,
            caller,
            Permission::ChannelRemoveMember,
        )?;
    }
    if !is_member(work, channel_id, user_id)? {
        return Err(RpcError::not_found("member", user_id.get()).into());
    }
    let reason = RemovalReason::by(caller, user_id);
    end(work, channel_id, user_id, reason)?;
    Ok(Done {})
}

/// What came of letting somebody into a channel.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    Begun,
    WasIn,
    /// They are in as many channels or dms as one may be, and stay out.
    Full,
}

/// The only place where a membership of a channel begins.
pub(super) fn enter(
    work: &Work<'_, '_>,
    id: ChannelId,
    user: UserId,
) -> Result<Entry, rusqlite::Error> {
    if is_member(work, id, user)? {
        return Ok(Entry::WasIn);
    }
    if !has_room(work, id, user)? {
        return Ok(Entry::Full);
    }
    work.tx.open_membership(Scope::Channel(id), user, "")?;
    Ok(Entry::Begun)
}

/// Whether somebody is in fewer channels than one may be, or, of a dm, in fewer dms.
pub(super) fn has_room(
    db: &Connection,
    id: ChannelId,
    user: UserId,
) -> Result<bool, rusqlite::Error> {
    let alike: usize = db
        .prepare_cached(
            "SELECT count(*) FROM channel_member JOIN channel ON channel.id = channel_id
             WHERE user_id = ?2
               AND (kind = 'dm') = (SELECT kind = 'dm' FROM channel WHERE id = ?1)",
        )?
        .query_row([id.get(), user.get()], |row| row.get(0))?;
    Ok(alike < MAX_CHANNELS_OF_USER)
}

/// Of whom it is true is not said: it may be somebody else than the caller.
pub(super) fn full_of_channels() -> RpcError {
    let message = format!("a user is in at most {MAX_CHANNELS_OF_USER} channels, and as many dms");
    RpcError::full(MAX_CHANNELS_OF_USER, message)
}

/// Makes members of those of `users` who are not, and tells of it: first them, then everybody.
pub(super) fn admit(
    work: &mut Work<'_, '_>,
    id: ChannelId,
    users: &[UserId],
) -> Result<Channel, Failure> {
    let mut newcomers = Vec::new();
    for user in users {
        match enter(work, id, *user)? {
            Entry::Begun => newcomers.push(*user),
            Entry::WasIn => {}
            Entry::Full => return Err(full_of_channels().into()),
        }
    }
    refuse_crowd(work, id)?;
    let channel = current(work, id)?;
    if newcomers.is_empty() {
        return Ok(channel);
    }
    let added = ChannelAdded {
        channel: channel.clone(),
    };
    work.emit(&Audience::users(newcomers.iter().copied()), added)?;
    for user_id in newcomers {
        work.emit(
            &Audience::channel(id),
            ChannelMemberJoined {
                channel_id: id,
                user_id,
            },
        )?;
        read::begin(work, id, user_id)?;
        huddle::introduce(work, id, user_id)?;
    }
    Ok(channel)
}

/// Fails when the members that a transaction has added are too many.
pub(super) fn refuse_crowd(db: &Connection, id: ChannelId) -> Result<(), Failure> {
    if membership::count(db, Scope::Channel(id))? > MAX_MEMBERS {
        return Err(full("channel").into());
    }
    Ok(())
}

/// Ends a membership and tells everybody, the one who left last.
fn end(
    work: &mut Work<'_, '_>,
    channel_id: ChannelId,
    user_id: UserId,
    reason: RemovalReason,
) -> Result<(), Failure> {
    withdraw(work, channel_id, user_id, reason)?;
    work.emit(
        &Audience::user(user_id),
        ChannelRemoved { channel_id, reason },
    )?;
    Ok(())
}
