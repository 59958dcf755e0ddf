//! Making and changing canvases.

use antiphon_api::{
    ErrorCode, RpcError,
    entities::{Canvas, Permission},
    events::{CanvasCreated, CanvasDeleted, CanvasRestored, CanvasUpdated},
    ids::{CanvasId, Revision, UserId},
    method::Done,
    methods::canvas::{
        CanvasResult, CreateParams, DeleteParams, MAX_CANVASES, MAX_CONTENT_BYTES,
        MAX_CONTENT_DEPTH, MAX_TITLE_CHARS, RestoreParams, UpdateParams,
    },
};
use antiphon_store::Audience;
use rusqlite::params;
use serde_json::{Map, Value};

use super::{
    super::{
        channel, name_of,
        object::{bounded, merge},
        permission,
    },
    rows, writable,
};
use crate::context::{Failure, Work};

pub(super) fn create(
    work: &mut Work<'_, '_>,
    params: CreateParams,
) -> Result<CanvasResult, Failure> {
    let caller = work.caller.user()?;
    let channel = channel::joined(work, params.channel_id, caller)?;
    permission::require(work, channel.workspace_id, caller, Permission::CanvasWrite)?;
    let title = name_of("title", &params.title, MAX_TITLE_CHARS)?;
    let content = encoded(&params.content.unwrap_or_default())?;
    if rows::count(work, channel.id)? >= MAX_CANVASES {
        let message = format!(
            "a channel has at most {MAX_CANVASES} canvases, deleted ones included; restore and change one"
        );
        return Err(RpcError::full(MAX_CANVASES, message).into());
    }
    work.prepare_cached(
        "INSERT INTO canvas (channel_id, title, content, created_by, created_at, updated_by,
                             updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?4, ?5)",
    )?
    .execute(params![
        channel.id.get(),
        title,
        content,
        caller.get(),
        work.now.get()
    ])?;
    let id = CanvasId(work.last_insert_rowid());
    rows::remember(work, id)?;
    let canvas = rows::load(work, id)?;
    work.emit(
        &Audience::channel(canvas.channel_id),
        CanvasCreated {
            canvas: canvas.clone(),
        },
    )?;
    Ok(CanvasResult { canvas })
}

pub(super) fn update(
    work: &mut Work<'_, '_>,
    params: UpdateParams,
) -> Result<CanvasResult, Failure> {
    let caller = work.caller.user()?;
    let held = writable(work, params.canvas_id, caller)?;
    if held.deleted_at.is_some() {
        let message = "the canvas is deleted; canvas.restore brings it back";
        return Err(conflict(&held, message).into());
    }
    expect_revision(&held, params.expected_revision)?;
    let title = params
        .title
        .map(|title| name_of("title", &title, MAX_TITLE_CHARS))
        .transpose()?;
    let content = new_content(&held, params.content, params.patch)?;
    if title.is_none() && content.is_none() {
        let message = "expected title, content or patch";
        return Err(RpcError::invalid_param(".", message).into());
    }
    let title = title.unwrap_or_else(|| held.title.clone());
    let content = content.unwrap_or_else(|| held.content.clone());
    let encoded = encoded(&content)?;
    if title == held.title && content == held.content {
        return Ok(CanvasResult { canvas: held });
    }
    let canvas = rewrite(work, held.id, caller, &title, &encoded)?;
    work.emit(
        &Audience::channel(canvas.channel_id),
        CanvasUpdated {
            canvas: canvas.clone(),
        },
    )?;
    Ok(CanvasResult { canvas })
}

/// What is to be in a canvas, if that is said.
fn new_content(
    held: &Canvas,
    content: Option<Map<String, Value>>,
    patch: Option<Map<String, Value>>,
) -> Result<Option<Map<String, Value>>, RpcError> {
    match (content, patch) {
        (Some(_), Some(_)) => Err(RpcError::invalid_param(
            "patch",
            "expected either content or patch",
        )),
        (None, Some(patch)) => {
            let mut content = held.content.clone();
            merge(&mut content, patch);
            Ok(Some(content))
        }
        (content, None) => Ok(content),
    }
}

pub(super) fn delete(work: &mut Work<'_, '_>, params: DeleteParams) -> Result<Done, Failure> {
    let caller = work.caller.user()?;
    let held = writable(work, params.canvas_id, caller)?;
    if held.deleted_at.is_some() {
        return Ok(Done {});
    }
    expect_revision(&held, params.expected_revision)?;
    work.prepare_cached(
        "UPDATE canvas SET deleted_at = ?2, revision = revision + 1 WHERE id = ?1",
    )?
    .execute([held.id.get(), work.now.get()])?;
    let canvas = rows::load(work, held.id)?;
    work.emit(
        &Audience::channel(canvas.channel_id),
        CanvasDeleted {
            canvas_id: canvas.id,
            channel_id: canvas.channel_id,
            revision: canvas.revision,
        },
    )?;
    Ok(Done {})
}

pub(super) fn restore(
    work: &mut Work<'_, '_>,
    params: RestoreParams,
) -> Result<CanvasResult, Failure> {
    let caller = work.caller.user()?;
    let held = writable(work, params.canvas_id, caller)?;
    let former = match params.revision {
        Some(revision) => Some(
            rows::revision(work, held.id, revision)?
                .ok_or_else(|| RpcError::not_found("revision", revision.get()))?,
        ),
        None => None,
    };
    let former =
        former.filter(|former| former.title != held.title || former.content != held.content);
    let canvas = match former {
        Some(former) => {
            let content = serde_json::to_string(&former.content)?;
            rewrite(work, held.id, caller, &former.title, &content)?
        }
        None if held.deleted_at.is_some() => {
            work.prepare_cached(
                "UPDATE canvas SET deleted_at = NULL, revision = revision + 1 WHERE id = ?1",
            )?
            .execute([held.id.get()])?;
            rows::load(work, held.id)?
        }
        None => return Ok(CanvasResult { canvas: held }),
    };
    work.emit(
        &Audience::channel(canvas.channel_id),
        CanvasRestored {
            canvas: canvas.clone(),
        },
    )?;
    Ok(CanvasResult { canvas })
}

/// Gives a canvas a title and a content, under a new revision; a deleted one is back with it.
fn rewrite(
    work: &Work<'_, '_>,
    id: CanvasId,
    caller: UserId,
    title: &str,
    content: &str,
) -> Result<Canvas, rusqlite::Error> {
    work.prepare_cached(
        "UPDATE canvas SET title = ?2, content = ?3, updated_by = ?4, updated_at = ?5,
                           deleted_at = NULL, revision = revision + 1
         WHERE id = ?1",
    )?
    .execute(params![
        id.get(),
        title,
        content,
        caller.get(),
        work.now.get()
    ])?;
    rows::remember(work, id)?;
    rows::load(work, id)
}

/// A content as it is stored, if it is in bounds.
fn encoded(content: &Map<String, Value>) -> Result<String, Failure> {
    bounded("the content", content, MAX_CONTENT_BYTES, MAX_CONTENT_DEPTH)
}

fn expect_revision(canvas: &Canvas, expected: Option<Revision>) -> Result<(), RpcError> {
    match expected {
        Some(expected) if expected != canvas.revision => {
            let message = format!(
                "the canvas has changed: it has revision {}, not {expected}; load it and try again",
                canvas.revision
            );
            Err(conflict(canvas, message))
        }
        _ => Ok(()),
    }
}

fn conflict(canvas: &Canvas, message: impl Into<String>) -> RpcError {
    RpcError::new(ErrorCode::Conflict, message).with("revision", canvas.revision.get())
}
