//! Forward-only migrations.
//!
//! Two lists, the store's and the server's, each counted by itself, so that either can grow
//! without moving the other; the store's run first. Both counts are packed into `user_version`,
//! which each step raises in the transaction that does its work. An entry is never changed or
//! removed once it has been released.

use std::fmt;

use rusqlite::{Connection, TransactionBehavior};

use crate::{OpenError, Result};

const STORE_STEPS: &[&str] = &[include_str!("sql/0001_log.sql")];

/// `user_version` is this many times the store's count plus the server's.
const SERVER_STEPS_MAX: i64 = 10_000;

/// How many steps of each list a database has had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    pub store: usize,
    pub server: usize,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "schema {}.{}", self.store, self.server)
    }
}

impl Version {
    const fn packed(self) -> i64 {
        self.store as i64 * SERVER_STEPS_MAX + self.server as i64
    }

    fn of(conn: &Connection) -> Result<Self> {
        let packed: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let part = |count: i64| usize::try_from(count).unwrap_or(usize::MAX);
        Ok(Self {
            store: part(packed / SERVER_STEPS_MAX),
            server: part(packed % SERVER_STEPS_MAX),
        })
    }
}

/// Reads the database's version without writing anything; a newer one is an error.
pub(crate) fn check(conn: &Connection, server: &[&str]) -> Result<Result<Version, OpenError>> {
    let found = Version::of(conn)?;
    let known = Version {
        store: STORE_STEPS.len(),
        server: server.len(),
    };
    if found.store > known.store || found.server > known.server {
        return Ok(Err(OpenError::NewerDatabase { found, known }));
    }
    Ok(Ok(found))
}

/// Runs every step the database has not had.
pub(crate) fn run(
    conn: &mut Connection,
    mut at: Version,
    server: &[&str],
) -> Result<(), OpenError> {
    for sql in STORE_STEPS.iter().skip(at.store) {
        at.store += 1;
        step(conn, sql, at)?;
    }
    for sql in server.iter().skip(at.server) {
        at.server += 1;
        step(conn, sql, at)?;
    }
    Ok(())
}

fn step(conn: &mut Connection, sql: &str, version: Version) -> Result<(), OpenError> {
    let mut apply = || {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(sql)?;
        tx.pragma_update(None, "user_version", version.packed())?;
        tx.commit()
    };
    apply().map_err(|source| OpenError::Migrate { version, source })
}
