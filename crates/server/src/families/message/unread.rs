//! How much of a channel or a thread somebody has not read. The client's reducer
//! (`client::state::unread`) says the same of one message at a time.

use antiphon_api::ids::{ChannelId, MessageId, UserId};
use rusqlite::{Connection, params};

/// The messages above `last_read` that are not the user's own, and those of them that mention the
/// user, each once: the roots of a channel, or the replies of a thread. Ranges of indexes alone.
pub(in crate::families) fn unread(
    db: &Connection,
    user: UserId,
    channel_id: ChannelId,
    thread: Option<MessageId>,
    last_read: Option<MessageId>,
) -> Result<(u32, u32), rusqlite::Error> {
    db.prepare_cached(include_str!("unread.sql"))?.query_row(
        params![
            user.get(),
            channel_id.get(),
            thread.map(MessageId::get),
            last_read.map_or(0, MessageId::get)
        ],
        |row| Ok((row.get(0)?, row.get::<_, u32>(1)? + row.get::<_, u32>(2)?)),
    )
}

#[cfg(test)]
mod tests {
    use antiphon_api::ids::{ChannelId, MessageId, UserId};

    use super::unread;
    use crate::families::empty_database;

    #[test]
    fn counting_searches_an_index_for_each_part_and_scans_nothing() {
        let db = empty_database();
        let explain = concat!("EXPLAIN QUERY PLAN ", include_str!("unread.sql"));
        let mut statement = db.prepare(explain).expect("is SQL");
        let plan: Vec<String> = statement
            .query_map([1, 1, 1, 1], |row| row.get(3))
            .and_then(Iterator::collect)
            .expect("explains");
        assert!(
            plan.iter().all(|step| !step.starts_with("SCAN message")),
            "{plan:#?}"
        );
        for part in [
            "message USING COVERING INDEX message_by_place (channel_id=? AND thread_id=? AND id>?)",
            "COVERING INDEX mention_of_user (user_id=? AND channel_id=? AND thread_id=? AND message_id>?)",
            "COVERING INDEX message_to_everyone (channel_id=? AND thread_id=? AND id>?)",
        ] {
            assert!(
                plan.iter().any(|step| step.contains(part)),
                "{part}: {plan:#?}"
            );
        }
    }

    #[test]
    fn nothing_said_is_nothing_unread() {
        let nothing = unread(
            &empty_database(),
            UserId(1),
            ChannelId(1),
            None,
            Some(MessageId(1)),
        );
        assert_eq!(nothing.expect("counts"), (0, 0));
    }
}
