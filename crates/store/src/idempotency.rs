//! One effect and one answer for a mutation that is sent twice.
//!
//! The row is written in the closure of the mutation itself, so it exists if and only if the
//! mutation does. Rows are pruned after [`KEEP`].

use std::time::Duration;

use antiphon_api::ids::UnixMs;
use rusqlite::{Connection, OptionalExtension, params, types::Type};
use serde_json::value::RawValue;

use crate::{Result, Tx};

/// How long a key is remembered.
pub const KEEP: Duration = Duration::from_secs(24 * 60 * 60);

/// What the caller did with this key before.
#[derive(Debug)]
pub enum Earlier {
    /// Nothing: run the mutation, then [`remember`] its result.
    None,
    /// The same call, which had this result.
    Same(Box<RawValue>),
    /// A call with other parameters; an error of the caller's.
    Different,
}

/// # Errors
/// From SQLite, or when the stored result is not JSON.
pub fn find(
    conn: &Connection,
    caller: &str,
    method: &str,
    key: &str,
    params_hash: &[u8; 32],
) -> Result<Earlier> {
    let found = conn
        .prepare_cached(
            "SELECT params_hash, result FROM idempotency
              WHERE caller = ?1 AND method = ?2 AND key = ?3",
        )?
        .query_one([caller, method, key], |row| {
            Ok((row.get::<_, [u8; 32]>(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((hash, result)) = found else {
        return Ok(Earlier::None);
    };
    if hash != *params_hash {
        return Ok(Earlier::Different);
    }
    let result = RawValue::from_string(result)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(1, Type::Text, error.into()))?;
    Ok(Earlier::Same(result))
}

/// # Errors
/// From SQLite, also when the key was remembered before.
pub fn remember(
    tx: &Tx<'_>,
    caller: &str,
    method: &str,
    key: &str,
    params_hash: &[u8; 32],
    result: &RawValue,
    now: UnixMs,
) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO idempotency (caller, method, key, params_hash, result, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        caller,
        method,
        key,
        params_hash,
        result.get(),
        now.get()
    ])?;
    Ok(())
}
