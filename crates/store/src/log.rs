//! Reading the log: what is in it, and who is entitled to what.
//!
//! A user is entitled to the event at `pos` if the audience names the user, or names a scope in
//! which one of the user's membership intervals `[from, to)` holds `pos`. That sentence stands
//! once, in `sql/entitlement.sql`, over a window of positions `(:after, :through]`. Live delivery
//! asks it for one position and all users ([`recipients`]), replay for one user and a range
//! ([`replay`]). The window is inside it, and not a condition around a view, because only so does
//! each membership search the audience from the later of its own start and the window's: the cost
//! of a replay is what the user missed, however long the log, the user's past memberships or the
//! channels left long ago. A test counts SQLite's steps.

use std::{sync::Arc, time::Instant};

use antiphon_api::ids::{Pos, UnixMs, UserId};
use rusqlite::{
    CachedStatement, Connection, OptionalExtension, Row, named_params, params, types::Type,
};
use serde_json::value::RawValue;

use crate::{Result, tail::Placed};

const RECIPIENTS: &str = concat!(
    "SELECT user_id FROM (",
    include_str!("sql/entitlement.sql"),
    ") WHERE pos = :through"
);

const MISSED: &str = concat!(
    "SELECT DISTINCT pos FROM (",
    include_str!("sql/entitlement.sql"),
    ") WHERE user_id = :user ORDER BY pos LIMIT :limit"
);

const COUNT: &str = concat!(
    "SELECT count(*) FROM (SELECT DISTINCT pos FROM (",
    include_str!("sql/entitlement.sql"),
    ") WHERE user_id = :user LIMIT :limit)"
);

/// The statements built on the one definition of entitlement: live, replay, count. Public so that
/// tests can ask SQLite for their plans and their cost.
#[doc(hidden)]
pub const QUERIES: [&str; 3] = [RECIPIENTS, MISSED, COUNT];

/// An event and its place in the log. Cloning shares the event.
#[derive(Clone, Debug)]
pub struct Logged {
    pub pos: Pos,
    /// The whole event, `{"ts":…,"type":…,"data":…}`.
    pub event: Arc<RawValue>,
    /// When its batch was on disk; `None` of an event that was read back.
    pub committed: Option<Instant>,
}

impl Placed for Logged {
    fn pos(&self) -> Pos {
        self.pos
    }

    fn bytes(&self) -> usize {
        self.event.get().len()
    }
}

/// A page of what a user missed.
#[derive(Clone, Debug)]
pub struct Replayed {
    pub events: Vec<Logged>,
    /// Whether the user has events in the range after the last of these.
    pub more: bool,
}

/// What a search through a part of the log found.
#[derive(Clone, Debug)]
pub struct Found {
    pub events: Vec<Logged>,
    /// How far it looked.
    pub through: Pos,
    /// Whether there may be more above `through`.
    pub more: bool,
}

/// How far a reader of the log is behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Behind {
    /// The events it does not have.
    pub events: i64,
    /// When the first of them was written.
    pub since: Option<UnixMs>,
}

/// The position of the newest event.
///
/// # Errors
/// From SQLite only: the log always has a newest row.
pub fn head(conn: &Connection) -> Result<Pos> {
    newest(conn)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// The position of the oldest event the log still has.
///
/// # Errors
/// From SQLite only: the log always has a row.
pub fn oldest(conn: &Connection) -> Result<Pos> {
    conn.prepare_cached("SELECT pos FROM log ORDER BY pos LIMIT 1")?
        .query_one([], |row| row.get(0).map(Pos))
}

/// Whether the log has an event at exactly `pos`: only then is the position honoured.
///
/// # Errors
/// From SQLite.
pub fn is_known(conn: &Connection, pos: Pos) -> Result<bool> {
    conn.prepare_cached("SELECT 1 FROM log WHERE pos = ?1")?
        .exists([pos.get()])
}

/// The events above `after` for whomever, oldest first, up to either bound but at least one if
/// there is one.
///
/// # Errors
/// From SQLite, or when a row is not JSON.
pub fn page(
    conn: &Connection,
    after: Pos,
    max_rows: usize,
    max_bytes: usize,
) -> Result<Vec<Logged>> {
    let mut statement =
        conn.prepare_cached("SELECT pos, event FROM log WHERE pos > ?1 ORDER BY pos LIMIT ?2")?;
    let rows = statement.query_map([after.get(), limit(max_rows.max(1))], logged)?;
    up_to(max_bytes, rows)
}

/// The events above `after`, of one type or of all, oldest first: a page that ends at any of the
/// bounds, of which `max_scanned` is how many events are looked at.
///
/// # Errors
/// From SQLite, or when a row is not JSON.
pub fn find(
    conn: &Connection,
    after: Pos,
    kind: Option<&str>,
    max_scanned: usize,
    max_events: usize,
    max_bytes: usize,
) -> Result<Found> {
    let mut statement = conn.prepare_cached(
        "SELECT pos, event, event <> 'null' AND (?2 IS NULL OR event ->> '$.type' = ?2)
           FROM log WHERE pos > ?1 ORDER BY pos LIMIT ?3",
    )?;
    let mut rows = statement.query(params![after.get(), kind, limit(max_scanned)])?;
    let mut found = Found {
        events: Vec::new(),
        through: after,
        more: true,
    };
    let (mut scanned, mut bytes) = (0, 0);
    while let Some(row) = rows.next()? {
        if row.get(2)? {
            let event = logged(row)?;
            bytes += event.bytes();
            let full = found.events.len() == max_events;
            if full || (bytes > max_bytes && !found.events.is_empty()) {
                return Ok(found);
            }
            found.events.push(event);
        }
        found.through = Pos(row.get(0)?);
        scanned += 1;
    }
    found.more = scanned == max_scanned;
    Ok(found)
}

/// Who is entitled to the event at `pos`, in ascending order.
///
/// # Errors
/// From SQLite.
pub fn recipients(conn: &Connection, pos: Pos) -> Result<Vec<UserId>> {
    let window = named_params! { ":after": pos.get() - 1, ":through": pos.get() };
    let mut users = conn
        .prepare_cached(RECIPIENTS)?
        .query_map(window, |row| row.get(0).map(UserId))?
        .collect::<Result<Vec<_>>>()?;
    // Here rather than by DISTINCT, which fills a B-tree: a channel can have thousands.
    users.sort_unstable();
    users.dedup();
    Ok(users)
}

/// A page of the user's events in `(after, through]`, oldest first, up to either bound but at
/// least one if there is one. Each page costs what the user missed in the whole range, so ask
/// [`count_for`] first how much that is.
///
/// # Errors
/// From SQLite, or when a row is not JSON.
pub fn replay(
    conn: &Connection,
    user: UserId,
    after: Pos,
    through: Pos,
    max_events: usize,
    max_bytes: usize,
) -> Result<Replayed> {
    let positions = missed(conn, user, after, through, max_events.max(1) + 1)?;
    let mut statement = conn.prepare_cached("SELECT pos, event FROM log WHERE pos = ?1")?;
    let page = positions.iter().take(max_events.max(1));
    let rows = page.map(|pos| statement.query_one([pos], logged));
    let events = up_to(max_bytes, rows)?;
    Ok(Replayed {
        more: events.len() < positions.len(),
        events,
    })
}

/// How many events the user has in `(after, through]`; counting stops at `cap`.
///
/// # Errors
/// From SQLite.
pub fn count_for(
    conn: &Connection,
    user: UserId,
    after: Pos,
    through: Pos,
    cap: usize,
) -> Result<usize> {
    let mut statement = conn.prepare_cached(COUNT)?;
    let count: i64 = statement.query_one(
        named_params! {
            ":user": user.get(), ":after": after.get(), ":through": through.get(),
            ":limit": limit(cap),
        },
        |row| row.get(0),
    )?;
    Ok(usize::try_from(count).unwrap_or(0))
}

pub(crate) fn newest(conn: &Connection) -> Result<Option<Pos>> {
    conn.prepare_cached("SELECT pos FROM log ORDER BY pos DESC LIMIT 1")?
        .query_one([], |row| row.get(0).map(Pos))
        .optional()
}

/// How many events were ever appended before the one at `pos`. Positions have no gaps within an
/// epoch, so this needs no counting.
pub(crate) fn ordinal(conn: &Connection, pos: Pos) -> Result<i64> {
    conn.prepare_cached(
        "SELECT rows_before + ?1 - first_pos FROM epoch
          WHERE first_pos <= ?1 ORDER BY first_pos DESC LIMIT 1",
    )?
    .query_one([pos.get()], |row| row.get(0))
}

/// How many events the log has.
///
/// # Errors
/// From SQLite only: the log always has a row.
pub fn rows(conn: &Connection) -> Result<i64> {
    Ok(ordinal(conn, head(conn)?)? - ordinal(conn, oldest(conn)?)? + 1)
}

/// How far a reader that has everything up to `pos` is behind.
///
/// # Errors
/// From SQLite only: the log always has a row.
pub fn behind(conn: &Connection, pos: Pos) -> Result<Behind> {
    let next = conn
        .prepare_cached("SELECT pos, at FROM log WHERE pos > ?1 ORDER BY pos LIMIT 1")?
        .query_one([pos.get()], |row| {
            Ok((Pos(row.get(0)?), UnixMs(row.get(1)?)))
        })
        .optional()?;
    let Some((next, at)) = next else {
        return Ok(Behind::default());
    };
    Ok(Behind {
        events: ordinal(conn, head(conn)?)? - ordinal(conn, next)? + 1,
        since: Some(at),
    })
}

fn missed(
    conn: &Connection,
    user: UserId,
    after: Pos,
    through: Pos,
    max: usize,
) -> Result<Vec<i64>> {
    let mut statement: CachedStatement<'_> = conn.prepare_cached(MISSED)?;
    let window = named_params! {
        ":user": user.get(), ":after": after.get(), ":through": through.get(),
        ":limit": limit(max),
    };
    statement.query_map(window, |row| row.get(0))?.collect()
}

fn limit(max: usize) -> i64 {
    i64::try_from(max).unwrap_or(i64::MAX)
}

fn logged(row: &Row<'_>) -> Result<Logged> {
    let event = RawValue::from_string(row.get(1)?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(1, Type::Text, error.into()))?;
    Ok(Logged {
        pos: Pos(row.get(0)?),
        event: event.into(),
        committed: None,
    })
}

fn up_to(max_bytes: usize, rows: impl Iterator<Item = Result<Logged>>) -> Result<Vec<Logged>> {
    let mut events = Vec::new();
    let mut bytes = 0;
    for row in rows {
        let row = row?;
        bytes += row.bytes();
        if bytes > max_bytes && !events.is_empty() {
            break;
        }
        events.push(row);
    }
    Ok(events)
}
