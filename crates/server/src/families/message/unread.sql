SELECT (
    SELECT count(*) FROM message
    WHERE channel_id = ?2 AND thread_id IS ?3 AND id > ?4 AND author_id <> ?1
), (
    SELECT count(*) FROM mention
    WHERE user_id = ?1 AND channel_id = ?2 AND thread_id IS ?3 AND message_id > ?4
), (
    SELECT count(*) FROM message
    WHERE mentions_everyone = 1
      AND channel_id = ?2 AND thread_id IS ?3 AND id > ?4 AND author_id <> ?1
      AND NOT EXISTS (SELECT 1 FROM mention WHERE message_id = message.id AND user_id = ?1)
)
