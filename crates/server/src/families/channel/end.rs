//! Where memberships of channels end, and what ends with them.
//!
//! [`withdraw`] is the only place where one membership ends, [`close`] the only one where all of a
//! channel's do: because it is archived or deleted, or its workspace is. What belongs to a membership
//! has a line in each, so that nothing outlives it.

use antiphon_api::{
    events::{ChannelMemberLeft, RemovalReason},
    ids::{ChannelId, UserId},
};
use antiphon_store::{Audience, Scope};

use super::{
    super::{huddle, read, thread},
    notify,
};
use crate::context::{Failure, Work};

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
    thread::forget(work, channel_id, user_id)?;
    notify::forget(work, channel_id, user_id)?;
    work.emit(
        &Audience::channel(channel_id),
        ChannelMemberLeft {
            channel_id,
            user_id,
            reason,
        },
    )?;
    huddle::leave(work, channel_id, user_id)
}

/// Ends every membership of channels that end. `tell` says so, while their members still hear it.
pub(in crate::families) fn close(
    work: &mut Work<'_, '_>,
    channels: &[ChannelId],
    tell: impl FnOnce(&mut Work<'_, '_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    for channel_id in channels {
        huddle::end_in(work, *channel_id)?;
    }
    tell(work)?;
    for channel_id in channels {
        work.tx.close_scope(Scope::Channel(*channel_id))?;
        read::forget_all(work, *channel_id)?;
        thread::forget_all(work, *channel_id)?;
        notify::forget_all(work, *channel_id)?;
    }
    Ok(())
}
