//! Removing what was in deleted channels, a slice at a time, so that other writes go in between.

use rusqlite::{Connection, OptionalExtension};

use super::super::{canvas, message, removal::Removal};

/// What is removed with a channel, in order. What belongs to a membership went with it, when the
/// channel ended.
const REMOVALS: [Removal; 3] = [
    message::OF_CHANNEL,
    canvas::OF_CHANNEL,
    Removal {
        find: "SELECT user_id, 128 FROM archived_member WHERE channel_id = ?1",
        remove: &["DELETE FROM archived_member WHERE channel_id = ?1 AND user_id = ?2"],
    },
];

/// Removes one slice, or a channel that is empty. `false`: nothing is left to remove.
pub(in crate::families) fn step(db: &Connection) -> Result<bool, rusqlite::Error> {
    let deleted: Option<i64> = db
        .prepare_cached("SELECT id FROM channel WHERE deleted_at IS NOT NULL LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let Some(channel) = deleted else {
        return Ok(false);
    };
    for removal in REMOVALS {
        if removal.step(db, channel)? {
            return Ok(true);
        }
    }
    db.prepare_cached("DELETE FROM channel WHERE id = ?1")?
        .execute([channel])?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{REMOVALS, step};
    use crate::families::empty_database;

    /// What `channel::close` has ended before.
    const ENDED: [&str; 4] = ["read_cursor", "notify", "thread_follow", "huddle"];

    /// The tables that refer to one of `tables` and do not go with it by themselves.
    fn referring(db: &Connection, tables: &[&str]) -> Vec<String> {
        let mut statement = db
            .prepare(
                "SELECT DISTINCT child.name FROM sqlite_schema AS child
                 JOIN pragma_foreign_key_list(child.name) AS parent
                 WHERE child.type = 'table' AND parent.\"table\" = ?1
                   AND parent.on_delete <> 'CASCADE' ORDER BY 1",
            )
            .expect("is SQL");
        let mut found = Vec::new();
        for table in tables {
            let rows = statement.query_map([table], |row| row.get(0));
            found.extend(rows.expect("reads").map(|row| row.expect("reads")));
        }
        found
    }

    #[test]
    fn whatever_refers_to_a_message_goes_by_itself_and_what_refers_to_a_channel_with_the_channel() {
        let db = empty_database();
        assert_eq!(referring(&db, &["message"]), [""; 0]);
        let tables = referring(&db, &["channel", "canvas"]);
        assert!(tables.iter().any(|table| table == "message"), "{tables:?}");
        for table in tables {
            let removal = format!("DELETE FROM {table} ");
            let mut statements = REMOVALS.iter().flat_map(|one| one.remove);
            let goes = statements.any(|statement| statement.starts_with(&removal));
            let ended = ENDED.contains(&table.as_str());
            assert!(goes || ended, "{table} has no line in REMOVALS");
        }
    }

    #[test]
    fn a_deleted_channel_goes_slice_by_slice_and_what_is_not_deleted_stays() {
        let db = empty_database();
        db.execute_batch(
            "INSERT INTO user (name, display_name, administrator, created_at)
             VALUES ('a', 'a', 1, 1);
             INSERT INTO workspace (name, owner_id) VALUES ('w', 1);
             INSERT INTO channel (workspace_id, kind, name, deleted_at)
             VALUES (1, 'public', 'gone', 1), (1, 'public', 'kept', NULL);
             INSERT INTO message (channel_id, author_id, body, created_at)
             SELECT value, 1, printf('%.*c', 30720, 'x'), 1 FROM json_each('[1, 1, 1, 2]');
             INSERT INTO canvas (channel_id, title, content, created_by, created_at, updated_by,
                 updated_at)
             SELECT value, 't', printf('%.*c', 30720, 'x'), 1, 1, 1, 1 FROM json_each('[1, 1, 2]');
             INSERT INTO canvas_revision
             SELECT id, revision, title, content, 1, 1 FROM canvas WHERE id = 1;",
        )
        .expect("is SQL");
        let left = || -> (i64, i64, i64) {
            db.query_row(
                "SELECT (SELECT count(*) FROM message), (SELECT count(*) FROM canvas),
                        (SELECT count(*) FROM channel)",
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .expect("counts")
        };
        let mut counts = vec![left()];
        while step(&db).expect("removes") {
            counts.push(left());
        }
        let expected = [
            (4, 3, 2),
            (2, 3, 2),
            (1, 3, 2),
            (1, 2, 2),
            (1, 1, 2),
            (1, 1, 1),
        ];
        assert_eq!(counts, expected);
    }
}
