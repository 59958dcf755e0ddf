//! Channels and who is in them.
//!
//! A public channel is seen by those of its workspace who may join channels, and joined by oneself; a
//! private one is seen by its members, who add others; a dm has the people it was made for. Joining
//! and leaving follow the order of workspaces: open and tell, close and tell, and what belongs to a
//! membership lives as long as it. Nobody is in an archived channel, which is only looked at, brought
//! back or deleted; a deleted one is there for nobody.

mod archive;
mod change;
mod create;
mod end;
mod look;
mod members;
mod notify;
mod purge;
mod rows;

use antiphon_api::{
    RpcError,
    entities::{Channel, ChannelKind, Permission},
    ids::{ChannelId, UserId, WorkspaceId},
    methods::channel::{
        AddMember, Archive, Create, Delete, Get, Join, Leave, List, MAX_TOPIC_CHARS, Members,
        RemoveMember, SetNotify, Unarchive, Update,
    },
};
use rusqlite::Connection;

use super::{at_most, permission};
use crate::{context::Failure, rpc::Router};

pub(super) use archive::forget_archived;
pub(super) use end::{close, withdraw};
pub(super) use notify::of_user as notify_of;
pub(super) use purge::step as purge;
pub(super) use rows::{all_in, is_member, joined_in, of_user};

pub(super) fn register(router: Router) -> Router {
    router
        .mutation::<Create>(create::create)
        .mutation::<Join>(members::join)
        .mutation::<Leave>(members::leave)
        .mutation::<AddMember>(members::add_member)
        .mutation::<RemoveMember>(members::remove_member)
        .mutation::<Update>(change::update)
        .mutation::<Delete>(change::delete)
        .mutation::<Archive>(archive::archive)
        .mutation::<Unarchive>(archive::unarchive)
        .mutation::<SetNotify>(notify::set_notify)
        .query::<Get>(look::get)
        .query::<List>(look::list)
        .query::<Members>(look::members)
}

fn absent(id: ChannelId) -> RpcError {
    RpcError::not_found("channel", id.get())
}

fn refuse_dm(channel: &Channel) -> Result<(), RpcError> {
    if channel.kind == ChannelKind::Dm {
        let message = "a dm and its people stay as they are";
        return Err(RpcError::conflict("dm", message));
    }
    Ok(())
}

/// A topic, which has no control characters but line breaks.
fn topic_of(topic: String) -> Result<String, RpcError> {
    if topic.chars().any(|char| char.is_control() && char != '\n') {
        let message = "expected no control characters but line breaks";
        return Err(RpcError::invalid_param("topic", message));
    }
    at_most("topic", topic, MAX_TOPIC_CHARS)
}

/// A channel somebody may see.
pub(super) struct Seen {
    pub(super) channel: Channel,
    pub(super) is_member: bool,
}

/// A channel the caller is in, or a public one of a workspace where they may join channels.
pub(super) fn visible(db: &Connection, id: ChannelId, caller: UserId) -> Result<Seen, Failure> {
    let seen = visible_or_archived(db, id, caller)?;
    if seen.channel.archived_at.is_some() {
        return Err(absent(id).into());
    }
    Ok(seen)
}

/// The same, or an archived one that was such a channel.
fn visible_or_archived(db: &Connection, id: ChannelId, caller: UserId) -> Result<Seen, Failure> {
    let channel = rows::find(db, id)?.ok_or_else(|| absent(id))?;
    let is_member = is_member(db, id, caller)?;
    let is_public = channel.kind == ChannelKind::Public;
    let sees = is_member
        || archive::remembers(db, id, caller)?
        || is_public && may_join(db, channel.workspace_id, caller)?;
    if sees {
        Ok(Seen { channel, is_member })
    } else {
        Err(absent(id).into())
    }
}

/// Whether somebody sees and joins the public channels of a workspace.
fn may_join(
    db: &Connection,
    workspace_id: WorkspaceId,
    user: UserId,
) -> Result<bool, rusqlite::Error> {
    permission::has(db, workspace_id, user, Permission::ChannelJoin)
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
