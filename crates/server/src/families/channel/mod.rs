//! Channels and who is in them.
//!
//! A public channel is seen by its workspace and joined by oneself; a private one is seen by its
//! members, who add others; a dm has the people it was made for. Joining and leaving follow the order
//! of workspaces: open and tell, close and tell, and a read cursor lives as long as a membership.

mod create;
mod look;
mod members;
mod rows;

use antiphon_api::{
    ErrorCode, RpcError,
    entities::{Channel, ChannelKind},
    ids::{ChannelId, UserId},
    methods::channel::{AddMember, Create, Join, Leave, List, RemoveMember},
};
use rusqlite::Connection;

use super::workspace;
use crate::{context::Failure, rpc::Router};

pub(super) use members::withdraw;
use rows::load;
pub(super) use rows::{is_member, joined_in, of_user};

pub(super) fn register(router: Router) -> Router {
    router
        .mutation::<Create>(create::create)
        .mutation::<Join>(members::join)
        .mutation::<Leave>(members::leave)
        .mutation::<AddMember>(members::add_member)
        .mutation::<RemoveMember>(members::remove_member)
        .query::<List>(look::list)
}

fn absent(id: ChannelId) -> RpcError {
    RpcError::not_found("channel", id.get())
}

fn refuse_dm(channel: &Channel) -> Result<(), RpcError> {
    if channel.kind == ChannelKind::Dm {
        let message = "the people of a dm do not change";
        return Err(RpcError::new(ErrorCode::Conflict, message).with("existing", "dm"));
    }
    Ok(())
}

/// A channel somebody may see.
pub(super) struct Seen {
    pub(super) channel: Channel,
    pub(super) is_member: bool,
}

/// A channel the caller is in, or a public one of a workspace they are in.
pub(super) fn visible(db: &Connection, id: ChannelId, caller: UserId) -> Result<Seen, Failure> {
    let channel = load(db, id)?.ok_or_else(|| absent(id))?;
    let is_member = is_member(db, id, caller)?;
    let public = channel.kind == ChannelKind::Public
        && workspace::role_of(db, channel.workspace_id, caller)?.is_some();
    if is_member || public {
        Ok(Seen { channel, is_member })
    } else {
        Err(absent(id).into())
    }
}

/// A channel the caller is in.
pub(super) fn joined(db: &Connection, id: ChannelId, caller: UserId) -> Result<Channel, Failure> {
    let Seen { channel, is_member } = visible(db, id, caller)?;
    if is_member {
        Ok(channel)
    } else {
        Err(RpcError::forbidden("channel:member", "join the channel first").into())
    }
}
