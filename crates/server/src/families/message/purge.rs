//! Removing messages with all that belongs to them: former bodies, reactions, mentions, and their words in
//! the index.

use rusqlite::{Connection, OptionalExtension};

use super::super::removal::Removal;

/// Finds messages and weighs them with all that belongs to them.
macro_rules! weighed {
    ($place:literal) => {
        concat!(
            "SELECT id, 128 + octet_length(body)
                 + (SELECT coalesce(sum(128 + octet_length(body)), 0) FROM former_body
                    WHERE message_id = message.id)
                 + (SELECT 128 * count(*) FROM reaction WHERE message_id = message.id)
                 + (SELECT 128 * count(*) FROM mention WHERE message_id = message.id)
             FROM message WHERE ",
            $place
        )
    };
}

const REMOVE: &[&str] = &["DELETE FROM message WHERE id = ?2"];

/// All messages of a channel.
pub(in crate::families) const OF_CHANNEL: Removal = Removal {
    find: weighed!("channel_id = ?1"),
    remove: REMOVE,
};

/// The replies to a deleted message, and at last itself, by which they are found.
const OF_DELETED: Removal = Removal {
    find: weighed!(
        "channel_id = (SELECT channel_id FROM message WHERE id = ?1) AND thread_id = ?1
         ORDER BY id DESC"
    ),
    remove: REMOVE,
};

const DELETED: &str =
    "SELECT id FROM message INDEXED BY message_deleted WHERE thread_id = id LIMIT 1";

/// Removes a slice of a deleted message and the replies to it. `false`: none is left.
pub(in crate::families) fn step(db: &Connection) -> Result<bool, rusqlite::Error> {
    let deleted: Option<i64> = db
        .prepare_cached(DELETED)?
        .query_row([], |row| row.get(0))
        .optional()?;
    deleted.map_or(Ok(false), |id| OF_DELETED.step(db, id))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{DELETED, OF_DELETED, step};
    use crate::families::empty_database;

    /// Message 1 is deleted and the others, if they stand in thread 1, are replies to it.
    fn database(others: &str) -> Connection {
        let db = empty_database();
        let begin = "INSERT INTO user (name, display_name, administrator, created_at)
             VALUES ('a', 'a', 1, 1);
             INSERT INTO workspace (name, owner_id) VALUES ('w', 1);
             INSERT INTO channel (workspace_id, kind, name) VALUES (1, 'public', 'c');
             INSERT INTO message (channel_id, author_id, thread_id, body, created_at)
             VALUES (1, 1, 1, 'x', 1);";
        db.execute_batch(begin).expect("is SQL");
        db.execute_batch(others).expect("is SQL");
        db
    }

    /// Which messages are left after each slice.
    fn lefts(db: &Connection) -> Vec<String> {
        let ids = "SELECT coalesce(group_concat(id, ' ' ORDER BY id), '') FROM message";
        let mut lefts = Vec::new();
        while step(db).expect("removes") {
            lefts.push(db.query_row(ids, [], |row| row.get(0)).expect("reads"));
        }
        lefts
    }

    #[test]
    fn a_deleted_message_goes_after_the_replies_to_it_in_slices_bounded_in_bytes() {
        let db = database(
            "INSERT INTO message (channel_id, author_id, thread_id, body, created_at)
             SELECT 1, 1, value, printf('%.*c', 30720, 'x'), 1 FROM json_each('[null, 1, 1, 2, 1, 1, 1]');",
        );
        assert_eq!(lefts(&db), ["1 2 3 4 5 6", "1 2 3 5", "2 5"]);
    }

    #[test]
    fn former_bodies_reactions_and_mentions_weigh_and_go_with_their_message() {
        let db = database(
            "WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
             INSERT INTO user (name, display_name, administrator, created_at)
             SELECT 'u' || i, '', 0, 1 FROM n;
             INSERT INTO message (channel_id, author_id, thread_id, body, created_at)
             VALUES (1, 1, 1, 'x', 1), (1, 1, 1, 'x', 1), (1, 1, 1, 'x', 1);
             INSERT INTO former_body VALUES (2, 1, printf('%.*c', 40000, 'x'), 1);
             INSERT INTO reaction (message_id, emoji, user_id) SELECT 3, 'x', id FROM user;
             INSERT INTO mention SELECT 4, id, 1, 1 FROM user;",
        );
        assert_eq!(lefts(&db), ["1 2 3", "1 2", ""]);
        for table in ["former_body", "reaction", "mention"] {
            let any = format!("SELECT 1 FROM {table}");
            let any = db.prepare(&any).and_then(|mut any| any.exists([]));
            assert_eq!(any, Ok(false), "{table}");
        }
    }

    #[test]
    fn what_is_deleted_is_found_by_indexes_and_not_by_looking_through_messages() {
        let db = empty_database();
        for (find, index) in [
            (DELETED, "message_deleted"),
            (
                OF_DELETED.find,
                "message_by_place (channel_id=? AND thread_id=?)",
            ),
        ] {
            let mut statement = db
                .prepare(&format!("EXPLAIN QUERY PLAN {find}"))
                .expect("is SQL");
            let parameters = vec![1; statement.parameter_count()];
            let plan: Vec<String> = statement
                .query_map(rusqlite::params_from_iter(parameters), |row| row.get(3))
                .and_then(Iterator::collect)
                .expect("explains");
            assert!(plan[0].contains(index), "{plan:#?}");
            assert!(
                plan.iter().all(|step| !step.contains("TEMP B-TREE")),
                "{plan:#?}"
            );
        }
    }
}
