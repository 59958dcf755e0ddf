//! The counts in a state, against what the tables say.

use antiphon_client::state::Equation;
use rusqlite::Connection;

/// A channel or thread, the last message read there, how many are unread, and how many of them
/// mention the user.
type Count = (i64, Option<i64>, u32, u32);

/// The state must be that of the database as it is.
pub(in crate::oracle) fn check(database: &Connection, user: i64, equation: &Equation) {
    let reads = equation.reads.iter();
    let reads: Vec<Count> = reads
        .map(|read| {
            let last = read.last_read_id.map(|id| id.get());
            (read.channel_id.get(), last, read.unread, read.mentions)
        })
        .collect();
    assert_eq!(
        reads,
        counted(database, CHANNELS, user),
        "reads of user {user}"
    );

    let threads = equation.threads.iter();
    let threads: Vec<Count> = threads
        .map(|thread| {
            let last = thread.last_read_id.map(|id| id.get());
            (thread.thread_id.get(), last, thread.unread, thread.mentions)
        })
        .collect();
    assert_eq!(
        threads,
        counted(database, THREADS, user),
        "threads of user {user}"
    );
}

/// The places of a user, each with a message's `thread_id` there.
const CHANNELS: &str = "SELECT scope_id AS place, scope_id AS channel_id, NULL AS thread_id,
        last_read_id
    FROM membership LEFT JOIN read_cursor
      ON read_cursor.user_id = membership.user_id AND read_cursor.channel_id = scope_id
    WHERE kind = 2 AND membership.user_id = ?1 AND to_pos = 9223372036854775807";

const THREADS: &str = "SELECT thread_id AS place, channel_id, thread_id, last_read_id
    FROM thread_follow WHERE user_id = ?1";

fn counted(database: &Connection, places: &str, user: i64) -> Vec<Count> {
    let statement = format!(
        "WITH places AS ({places}),
         unread AS (
             SELECT place, mentions_everyone OR EXISTS (
                 SELECT 1 FROM mention WHERE message_id = message.id AND user_id = ?1) AS named
             FROM message JOIN places
               ON message.channel_id = places.channel_id
              AND message.thread_id IS places.thread_id
             WHERE author_id <> ?1 AND (last_read_id IS NULL OR message.id > last_read_id))
         SELECT place, last_read_id,
             (SELECT count(*) FROM unread WHERE unread.place = places.place),
             (SELECT count(*) FROM unread WHERE unread.place = places.place AND named)
         FROM places ORDER BY 1"
    );
    let mut statement = database.prepare_cached(&statement).expect("is SQL");
    let rows = statement.query_map([user], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    });
    rows.expect("reads")
        .collect::<Result<_, _>>()
        .expect("reads")
}
