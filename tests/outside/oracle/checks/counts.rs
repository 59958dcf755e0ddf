//! The counts in a state, against what the tables say.

use antiphon_client::state::Equation;
use rusqlite::Connection;

/// A channel, the last message read there, and how many are unread.
type Count = (i64, Option<i64>, u32);

/// The state must be that of the database as it is.
pub(in crate::oracle) fn check(database: &Connection, user: i64, equation: &Equation) {
    let told: Vec<Count> = equation
        .reads
        .iter()
        .map(|read| {
            let last = read.last_read_id.map(|id| id.get());
            (read.channel_id.get(), last, read.unread)
        })
        .collect();
    assert_eq!(told, counted(database, user), "counts of user {user}");
}

fn counted(database: &Connection, user: i64) -> Vec<Count> {
    let mut statement = database
        .prepare_cached(
            "SELECT membership.scope_id, read_cursor.last_read_id, (
                 SELECT count(*) FROM message
                 WHERE message.channel_id = membership.scope_id
                   AND message.author_id IS NOT membership.user_id
                   AND (read_cursor.last_read_id IS NULL OR message.id > read_cursor.last_read_id))
             FROM membership LEFT JOIN read_cursor
               ON read_cursor.user_id = membership.user_id
              AND read_cursor.channel_id = membership.scope_id
             WHERE kind = 2 AND membership.user_id = ?1 AND to_pos = 9223372036854775807
             ORDER BY 1",
        )
        .expect("is SQL");
    let rows = statement.query_map([user], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    rows.expect("reads")
        .collect::<Result<_, _>>()
        .expect("reads")
}
