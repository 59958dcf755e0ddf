//! The database as the checkers see it: its rows, read with statements of their own, and what they
//! say about who was to hear what.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    path::Path,
};

use rusqlite::{Connection, OpenFlags, Row};
use serde_json::Value;

/// An audience's part or a membership's scope: users are 0, workspaces 1, channels 2.
pub(crate) type Scope = (i64, i64);

pub(crate) struct Database {
    pub(crate) connection: Connection,
    /// Rising by position.
    pub(crate) log: Vec<(i64, Value)>,
    audiences: BTreeMap<i64, Vec<Scope>>,
    memberships: BTreeMap<Scope, Vec<Membership>>,
}

struct Membership {
    user: i64,
    from: i64,
    to: i64,
}

impl Database {
    pub(crate) fn open(path: &Path) -> Self {
        let connection = open_to_read(path);
        let mut log = Vec::new();
        each(
            &connection,
            "SELECT pos, event FROM log ORDER BY pos",
            |row| {
                let text: String = row.get(1)?;
                log.push((
                    row.get(0)?,
                    serde_json::from_str(&text).expect("events are JSON"),
                ));
                Ok(())
            },
        );
        let mut audiences = BTreeMap::<_, Vec<_>>::new();
        each(
            &connection,
            "SELECT pos, kind, scope_id FROM audience",
            |row| {
                let scope = (row.get(1)?, row.get(2)?);
                audiences.entry(row.get(0)?).or_default().push(scope);
                Ok(())
            },
        );
        let mut memberships = BTreeMap::<_, Vec<_>>::new();
        let statement = "SELECT kind, scope_id, user_id, from_pos, to_pos FROM membership";
        each(&connection, statement, |row| {
            let membership = Membership {
                user: row.get(2)?,
                from: row.get(3)?,
                to: row.get(4)?,
            };
            let scope = (row.get(0)?, row.get(1)?);
            memberships.entry(scope).or_default().push(membership);
            Ok(())
        });
        Self {
            connection,
            log,
            audiences,
            memberships,
        }
    }

    /// Who is entitled to the event at `pos`.
    pub(crate) fn entitled(&self, pos: i64) -> BTreeSet<i64> {
        let mut users = BTreeSet::new();
        for scope in self.audiences.get(&pos).into_iter().flatten() {
            if scope.0 == 0 {
                users.insert(scope.1);
            }
            let members = self.memberships.get(scope).into_iter().flatten();
            let inside = members.filter(|member| member.from <= pos && pos < member.to);
            users.extend(inside.map(|member| member.user));
        }
        users
    }

    /// Who was in a scope at some time within `span`.
    pub(crate) fn members(&self, scope: Scope, span: &Range<i64>) -> BTreeSet<i64> {
        let members = self.memberships.get(&scope).into_iter().flatten();
        let inside = members.filter(|member| member.from < span.end && span.start < member.to);
        inside.map(|member| member.user).collect()
    }

    /// Who was in a workspace together with `user` at some time within `span`, and `user`.
    pub(crate) fn colleagues(&self, user: i64, span: &Range<i64>) -> BTreeSet<i64> {
        let workspaces = self.memberships.keys().filter(|(kind, _)| *kind == 1);
        workspaces
            .map(|scope| self.members(*scope, span))
            .filter(|members| members.contains(&user))
            .flatten()
            .chain([user])
            .collect()
    }

    /// The first column of the first row, a number.
    pub(crate) fn number(&self, statement: &str, values: impl rusqlite::Params) -> Option<i64> {
        self.connection
            .query_row(statement, values, |row| row.get(0))
            .expect("the statement runs")
    }
}

/// Beside the server, which may be running.
pub(crate) fn open_to_read(path: &Path) -> Connection {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("the database opens")
}

fn each(
    connection: &Connection,
    statement: &str,
    mut action: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
) {
    let mut statement = connection
        .prepare(statement)
        .expect("the statement is right");
    let mut rows = statement.query([]).expect("the statement runs");
    while let Some(row) = rows.next().expect("rows can be read") {
        action(row).expect("columns are as expected");
    }
}
