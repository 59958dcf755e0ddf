//! Forgetting, in small steps that let other work in between.
//!
//! The newest event is never pruned, so that the position of whoever is up to date stays known.
//! A membership goes once it ended before the oldest event that is left: nobody can ask about it.

use std::time::Duration;

use antiphon_api::ids::{Pos, UnixMs};

use crate::{Result, Tx, idempotency, log};

/// The most rows a step removes from one table.
pub const STEP: usize = 500;

const STEP_ROWS: i64 = STEP as i64;

/// How much of the log is kept: what is younger than `age`, but at most `rows` events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    pub age: Duration,
    pub rows: u64,
}

/// Removes up to [`STEP`] rows of each kind: events, ended memberships, idempotency keys older
/// than [`idempotency::KEEP`], revocations that are over. `true`: there may be more to do.
///
/// # Errors
/// From SQLite.
pub fn step(tx: &Tx<'_>, retention: &Retention, now: UnixMs) -> Result<bool> {
    let removed = [
        events(tx, retention, now)?,
        tx.prepare_cached(include_str!("sql/prune_membership.sql"))?
            .execute([log::oldest(tx)?.get(), STEP_ROWS])?,
        tx.prepare_cached(include_str!("sql/prune_idempotency.sql"))?
            .execute([before(now, idempotency::KEEP), STEP_ROWS])?,
        revocations(tx, now)?,
    ];
    Ok(removed.contains(&STEP))
}

fn events(tx: &Tx<'_>, retention: &Retention, now: UnixMs) -> Result<usize> {
    let (oldest, newest) = (log::oldest(tx)?, log::head(tx)?);
    let rows = log::ordinal(tx, newest)? - log::ordinal(tx, oldest)? + 1;
    let spare = rows - i64::try_from(retention.rows).unwrap_or(i64::MAX);
    let cutoff = before(now, retention.age);
    let mut last = None;
    let mut oldest_first =
        tx.prepare_cached("SELECT pos, at FROM log WHERE pos < ?1 ORDER BY pos LIMIT ?2")?;
    let candidates = oldest_first.query_map([newest.get(), STEP_ROWS], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
    })?;
    for (index, candidate) in (0..).zip(candidates) {
        let (pos, at) = candidate?;
        if index >= spare && at >= cutoff {
            break;
        }
        last = Some(Pos(pos));
    }
    last.map_or(Ok(0), |last| remove_through(tx, last))
}

fn remove_through(tx: &Tx<'_>, last: Pos) -> Result<usize> {
    let last = [last.get()];
    tx.prepare_cached("DELETE FROM audience WHERE pos <= ?1")?
        .execute(last)?;
    let removed = tx
        .prepare_cached("DELETE FROM log WHERE pos <= ?1")?
        .execute(last)?;
    let oldest = [log::oldest(tx)?.get()];
    tx.prepare_cached(
        "DELETE FROM epoch WHERE first_pos <
            (SELECT max(first_pos) FROM epoch WHERE first_pos <= ?1)",
    )?
    .execute(oldest)?;
    Ok(removed)
}

fn revocations(tx: &Tx<'_>, now: UnixMs) -> Result<usize> {
    tx.prepare_cached(
        "DELETE FROM revocation WHERE id IN
            (SELECT id FROM revocation WHERE until_ms <= ?1 ORDER BY until_ms LIMIT ?2)",
    )?
    .execute([now.get(), STEP_ROWS])
}

fn before(now: UnixMs, age: Duration) -> i64 {
    now.get() - i64::try_from(age.as_millis()).unwrap_or(i64::MAX / 2)
}
