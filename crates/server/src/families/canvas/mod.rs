//! Canvases: documents of a channel, whose members read them and, with the permission
//! `canvas:write`, change them.
//!
//! Every change takes the next revision, and a title and content stay under theirs while they are
//! among the newest; so whoever wrote on an old one is told, and nothing that was overwritten or
//! deleted is lost at once.

mod change;
mod rows;

use antiphon_api::{
    RpcError,
    entities::{Canvas, Permission},
    ids::{CanvasId, Revision, UserId},
    methods::canvas::{
        CanvasParams, CanvasResult, Create, Delete, Get, History, HistoryParams, HistoryResult,
        List, ListParams, ListResult, Restore, Update,
    },
};
use antiphon_store::log;
use rusqlite::Connection;

use super::{channel, page::limit_of, permission};
use crate::{
    context::{Failure, Look},
    rpc::Router,
};

pub(super) use rows::OF_CHANNEL;

pub(super) fn register(router: Router) -> Router {
    router
        .mutation::<Create>(change::create)
        .mutation::<Update>(change::update)
        .mutation::<Delete>(change::delete)
        .mutation::<Restore>(change::restore)
        .query::<Get>(get)
        .query::<List>(list)
        .query::<History>(history)
}

fn get(look: &mut Look<'_>, params: CanvasParams) -> Result<CanvasResult, Failure> {
    let caller = look.caller.user()?;
    Ok(CanvasResult {
        canvas: readable(look, params.canvas_id, caller)?,
    })
}

fn list(look: &mut Look<'_>, params: ListParams) -> Result<ListResult, Failure> {
    let caller = look.caller.user()?;
    let limit = limit_of(params.limit)?;
    channel::joined(look, params.channel_id, caller)?;
    let (canvases, has_more) = rows::of_channel(
        look,
        params.channel_id,
        params.since_id.map_or(0, CanvasId::get),
        params.include_deleted.unwrap_or_default(),
        limit,
    )?;
    Ok(ListResult {
        canvases,
        has_more,
        pos: log::head(look)?,
    })
}

fn history(look: &mut Look<'_>, params: HistoryParams) -> Result<HistoryResult, Failure> {
    let caller = look.caller.user()?;
    let limit = limit_of(params.limit)?;
    let canvas = readable(look, params.canvas_id, caller)?;
    let below = params.before_revision.map_or(i64::MAX, Revision::get);
    let (revisions, has_more) = rows::revisions(look, canvas.id, below, limit)?;
    Ok(HistoryResult {
        revisions,
        has_more,
        pos: log::head(look)?,
    })
}

/// A canvas of a channel the caller is in; any other is absent to them.
fn readable(db: &Connection, id: CanvasId, caller: UserId) -> Result<Canvas, Failure> {
    let absent = || RpcError::not_found("canvas", id.get());
    let canvas = rows::find(db, id)?.ok_or_else(absent)?;
    if !channel::is_member(db, canvas.channel_id, caller)? {
        return Err(absent().into());
    }
    Ok(canvas)
}

/// A canvas the caller may change.
fn writable(db: &Connection, id: CanvasId, caller: UserId) -> Result<Canvas, Failure> {
    let canvas = readable(db, id, caller)?;
    let channel = channel::joined(db, canvas.channel_id, caller)?;
    permission::require(db, channel.workspace_id, caller, Permission::CanvasWrite)?;
    Ok(canvas)
}
