//! Tokens that have ended before their time, kept until they would have ended by themselves.

use antiphon_api::{
    identity::Revocation,
    ids::{Principal, UnixMs},
};
use rusqlite::{Connection, Row, params, types::Type};

use crate::{Result, Tx};

/// One of all tokens takes the place of earlier ones that it covers, so that a principal has few.
///
/// # Errors
/// From SQLite.
pub fn store(tx: &Tx<'_>, revocation: &Revocation) -> Result<()> {
    let principal = revocation.principal.to_string();
    if revocation.jti.is_none() {
        tx.prepare_cached(
            "DELETE FROM revocation
              WHERE principal = ?1 AND jti IS NULL AND before_ms <= ?2 AND until_ms <= ?3",
        )?
        .execute(params![
            principal,
            revocation.before.get(),
            revocation.until.get()
        ])?;
    }
    tx.prepare_cached(
        "INSERT INTO revocation (principal, jti, before_ms, until_ms) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![
        principal,
        revocation.jti,
        revocation.before.get(),
        revocation.until.get(),
    ])?;
    Ok(())
}

/// All that are not over at `now`, in the order they were stored.
///
/// # Errors
/// From SQLite, or when a row names no principal.
pub fn live(conn: &Connection, now: UnixMs) -> Result<Vec<Revocation>> {
    conn.prepare_cached(
        "SELECT principal, jti, before_ms, until_ms FROM revocation
          WHERE until_ms > ?1 ORDER BY id",
    )?
    .query_map([now.get()], revocation)?
    .collect()
}

/// Those of one principal that are not over at `now`.
///
/// # Errors
/// From SQLite.
pub fn of(conn: &Connection, principal: Principal, now: UnixMs) -> Result<Vec<Revocation>> {
    conn.prepare_cached(
        "SELECT principal, jti, before_ms, until_ms FROM revocation
          WHERE principal = ?1 AND until_ms > ?2",
    )?
    .query_map(params![principal.to_string(), now.get()], revocation)?
    .collect()
}

fn revocation(row: &Row<'_>) -> Result<Revocation> {
    let principal = row.get_ref(0)?.as_str()?.parse::<Principal>();
    Ok(Revocation {
        principal: principal.map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.into())
        })?,
        jti: row.get(1)?,
        before: UnixMs(row.get(2)?),
        until: UnixMs(row.get(3)?),
    })
}
