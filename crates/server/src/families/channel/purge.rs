//! Removing what was in deleted channels, a slice at a time, so that other writes go in between.

use antiphon_store::{Tx, prune::STEP};
use rusqlite::OptionalExtension;

/// What is removed with a channel, in order: each removes at most ?2 rows of channel ?1, and what
/// SQLite removes with them. What belongs to a membership went with it, when the channel ended.
const SLICES: &[&str] = &[
    "DELETE FROM message WHERE id IN (SELECT id FROM message WHERE channel_id = ?1 LIMIT ?2)",
    "DELETE FROM canvas_revision WHERE (canvas_id, revision) IN (
         SELECT canvas_id, canvas_revision.revision FROM canvas_revision
         JOIN canvas ON canvas.id = canvas_id WHERE channel_id = ?1 LIMIT ?2)",
    "DELETE FROM canvas WHERE id IN (SELECT id FROM canvas WHERE channel_id = ?1 LIMIT ?2)",
    "DELETE FROM archived_member WHERE (user_id, channel_id) IN (
         SELECT user_id, channel_id FROM archived_member WHERE channel_id = ?1 LIMIT ?2)",
];

/// Removes one slice of one table, or a channel that is empty. `false`: nothing is left to remove.
pub(in crate::families) fn step(tx: &Tx<'_>) -> Result<bool, rusqlite::Error> {
    let deleted: Option<i64> = tx
        .prepare_cached("SELECT id FROM channel WHERE deleted_at IS NOT NULL LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let Some(channel) = deleted else {
        return Ok(false);
    };
    for slice in SLICES {
        let removed = tx.prepare_cached(slice)?.execute((channel, STEP))?;
        if removed > 0 {
            return Ok(true);
        }
    }
    tx.prepare_cached("DELETE FROM channel WHERE id = ?1")?
        .execute([channel])?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use antiphon_store::{Options, Store, prune::STEP};
    use rusqlite::Connection;

    use super::{SLICES, step};
    use crate::{
        context::Failure,
        families::{SCHEMA, empty_database},
    };

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
    fn whatever_refers_to_a_channel_or_a_message_goes_with_the_channel() {
        let db = empty_database();
        let tables = referring(&db, &["channel", "message", "canvas"]);
        assert!(tables.iter().any(|table| table == "message"), "{tables:?}");
        for table in tables {
            let goes = SLICES
                .iter()
                .any(|slice| slice.starts_with(&format!("DELETE FROM {table} ")));
            let ended = ENDED.contains(&table.as_str());
            assert!(goes || ended, "{table} has no line in SLICES");
        }
    }

    #[tokio::test]
    async fn a_slice_is_bounded_and_what_is_not_deleted_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("purge.db");
        let store = Store::open(Options::new(path, SCHEMA, 1000)).expect("opens");
        let purged = store.write(|tx| {
            tx.execute_batch(&format!(
                "INSERT INTO user (name, display_name, administrator, created_at)
                 VALUES ('a', 'a', 1, 1);
                 INSERT INTO workspace (name, owner_id) VALUES ('w', 1);
                 INSERT INTO channel (workspace_id, kind, name, deleted_at)
                 VALUES (1, 'public', 'gone', 1), (1, 'public', 'kept', NULL);
                 WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= {})
                 INSERT INTO message (channel_id, author_id, body, created_at)
                 SELECT 1, 1, 'x', 1 FROM n;
                 INSERT INTO message (channel_id, author_id, body, created_at)
                 VALUES (2, 1, 'x', 1);",
                2 * STEP
            ))?;
            let left = || -> Result<usize, rusqlite::Error> {
                tx.query_row("SELECT count(*) FROM message", [], |row| row.get(0))
            };
            let mut counts = vec![left()?];
            while step(tx)? {
                counts.push(left()?);
            }
            Ok::<_, Failure>(counts)
        });
        let counts = purged.await.expect("is written");
        assert_eq!(counts, [2 * STEP + 2, STEP + 2, 2, 1, 1]);
    }
}
