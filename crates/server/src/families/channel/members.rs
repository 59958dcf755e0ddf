//! Who is in a channel: joining and leaving, oneself or by others.

use antiphon_api::{
    RpcError,
    entities::{Channel, Permission},
    events::{ChannelAdded, ChannelMemberJoined, ChannelMemberLeft, ChannelRemoved, RemovalReason},
    ids::{ChannelId, UserId},
    method::Done,
    methods::channel::{ChannelMember, ChannelParams, ChannelResult, MemberParams, MemberResult},
};
use antiphon_store::{Audience, Scope, membership};

use super::{
    super::{MAX_MEMBERS, permission, read, workspace},
    Seen, absent, is_member, joined, refuse_dm,
    rows::load,
    visible,
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
    if workspace::role_of(work, channel.workspace_id, user_id)?.is_none() {
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
    let own = caller == user_id;
    if !own {
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
    end(
        work,
        channel_id,
        user_id,
        if own {
            RemovalReason::Left
        } else {
            RemovalReason::Removed
        },
    )?;
    Ok(Done {})
}
/// Makes members of those of `users` who are not, and tells of it: first them, then everybody.
pub(super) fn admit(
    work: &mut Work<'_, '_>,
    id: ChannelId,
    users: &[UserId],
) -> Result<Channel, Failure> {
    let mut newcomers = Vec::new();
    for user in users {
        if !is_member(work, id, *user)? {
            work.tx.open_membership(Scope::Channel(id), *user, "")?;
            newcomers.push(*user);
        }
    }
    if membership::count(work, Scope::Channel(id))? > MAX_MEMBERS {
        return Err(workspace::full("channel").into());
    }
    let channel = load(work, id)?.ok_or_else(|| absent(id))?;
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
    }
    Ok(channel)
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

/// Ends a membership and tells those who stay.
pub(in crate::families) fn withdraw(
    work: &mut Work<'_, '_>,
    channel_id: ChannelId,
    user_id: UserId,
    reason: RemovalReason,
) -> Result<(), Failure> {
    work.tx
        .close_membership(Scope::Channel(channel_id), user_id)?;
    read::forget(work, channel_id, user_id)?;
    work.emit(
        &Audience::channel(channel_id),
        ChannelMemberLeft {
            channel_id,
            user_id,
            reason,
        },
    )?;
    Ok(())
}
