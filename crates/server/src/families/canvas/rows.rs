//! Canvases as they are stored.

use antiphon_api::{
    entities::{Canvas, CanvasRevision, CanvasSummary},
    ids::{CanvasId, ChannelId, Revision, UnixMs, UserId},
    methods::canvas::{MAX_HISTORY, MAX_HISTORY_BYTES},
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Map, Value};

use super::super::{
    column::{json, optional},
    page,
    removal::Removal,
};

/// All canvases of a channel, with their revisions.
pub(in crate::families) const OF_CHANNEL: Removal = Removal {
    find: "SELECT id, 128 + octet_length(content)
               + (SELECT coalesce(sum(128 + octet_length(content)), 0) FROM canvas_revision
                  WHERE canvas_id = canvas.id)
           FROM canvas WHERE channel_id = ?1",
    remove: &[
        "DELETE FROM canvas_revision WHERE canvas_id = ?2",
        "DELETE FROM canvas WHERE id = ?2",
    ],
};

pub(super) fn find(db: &Connection, id: CanvasId) -> Result<Option<Canvas>, rusqlite::Error> {
    db.prepare_cached(
        "SELECT id, channel_id, title, created_by, created_at, updated_by, updated_at, deleted_at,
                revision, content
         FROM canvas WHERE id = ?1",
    )?
    .query_row([id.get()], |row| {
        let content = json(row, 9)?;
        Ok(with_content(summary(row)?, content))
    })
    .optional()
}

/// A canvas that this transaction has just written.
pub(super) fn load(db: &Connection, id: CanvasId) -> Result<Canvas, rusqlite::Error> {
    find(db, id)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

pub(super) fn of_channel(
    db: &Connection,
    channel_id: ChannelId,
    above: i64,
    with_deleted: bool,
    limit: usize,
) -> Result<(Vec<CanvasSummary>, bool), rusqlite::Error> {
    let mut statement = db.prepare_cached(
        "SELECT id, channel_id, title, created_by, created_at, updated_by, updated_at, deleted_at,
                revision
         FROM canvas WHERE channel_id = ?1 AND id > ?2 AND (?3 OR deleted_at IS NULL)
         ORDER BY id",
    )?;
    let rows = statement.query_map(params![channel_id.get(), above, with_deleted], summary)?;
    page::first(limit, rows)
}

/// How many canvases a channel has, deleted ones too.
pub(super) fn count(db: &Connection, channel_id: ChannelId) -> Result<usize, rusqlite::Error> {
    db.prepare_cached("SELECT count(*) FROM canvas WHERE channel_id = ?1")?
        .query_row([channel_id.get()], |row| row.get(0))
}

/// Keeps the canvas as it is now among its revisions, and the newest of those alone.
pub(super) fn remember(db: &Connection, id: CanvasId) -> Result<(), rusqlite::Error> {
    db.prepare_cached(
        "INSERT INTO canvas_revision (canvas_id, revision, title, content, updated_by, updated_at)
         SELECT id, revision, title, content, updated_by, updated_at FROM canvas WHERE id = ?1",
    )?
    .execute([id.get()])?;
    db.prepare_cached(
        "DELETE FROM canvas_revision WHERE canvas_id = ?1 AND revision <= (
             SELECT revision FROM canvas_revision WHERE canvas_id = ?1
             ORDER BY revision DESC LIMIT 1 OFFSET ?2)",
    )?
    .execute(params![id.get(), MAX_HISTORY])?;
    Ok(())
}

pub(super) fn revision(
    db: &Connection,
    id: CanvasId,
    revision: Revision,
) -> Result<Option<CanvasRevision>, rusqlite::Error> {
    db.prepare_cached(
        "SELECT revision, title, content, updated_by, updated_at
         FROM canvas_revision WHERE canvas_id = ?1 AND revision = ?2",
    )?
    .query_row([id.get(), revision.get()], former)
    .optional()
}

/// The newest revisions below `below`, up to either bound but at least one if there is one; and
/// whether there are more.
pub(super) fn revisions(
    db: &Connection,
    id: CanvasId,
    below: i64,
    limit: usize,
) -> Result<(Vec<CanvasRevision>, bool), rusqlite::Error> {
    let mut statement = db.prepare_cached(
        "SELECT revision, title, content, updated_by, updated_at, length(CAST(content AS BLOB))
         FROM canvas_revision WHERE canvas_id = ?1 AND revision < ?2 ORDER BY revision DESC",
    )?;
    let rows = statement.query_map([id.get(), below], |row| {
        Ok((former(row)?, row.get::<_, usize>(5)?))
    })?;
    let (revisions, has_more) = page::up_to(limit, MAX_HISTORY_BYTES, rows, |(_, bytes)| *bytes)?;
    let revisions = revisions.into_iter().map(|(revision, _)| revision);
    Ok((revisions.collect(), has_more))
}

fn with_content(summary: CanvasSummary, content: Map<String, Value>) -> Canvas {
    let CanvasSummary {
        id,
        channel_id,
        title,
        created_by,
        created_at,
        updated_by,
        updated_at,
        deleted_at,
        revision,
    } = summary;
    Canvas {
        id,
        channel_id,
        title,
        content,
        created_by,
        created_at,
        updated_by,
        updated_at,
        deleted_at,
        revision,
    }
}

fn summary(row: &Row<'_>) -> Result<CanvasSummary, rusqlite::Error> {
    Ok(CanvasSummary {
        id: CanvasId(row.get(0)?),
        channel_id: ChannelId(row.get(1)?),
        title: row.get(2)?,
        created_by: UserId(row.get(3)?),
        created_at: UnixMs(row.get(4)?),
        updated_by: UserId(row.get(5)?),
        updated_at: UnixMs(row.get(6)?),
        deleted_at: optional(row, 7, UnixMs)?,
        revision: Revision(row.get(8)?),
    })
}

fn former(row: &Row<'_>) -> Result<CanvasRevision, rusqlite::Error> {
    Ok(CanvasRevision {
        revision: Revision(row.get(0)?),
        title: row.get(1)?,
        content: json(row, 2)?,
        updated_by: UserId(row.get(3)?),
        updated_at: UnixMs(row.get(4)?),
    })
}
