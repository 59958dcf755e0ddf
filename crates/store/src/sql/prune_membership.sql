DELETE FROM membership
 WHERE (kind, scope_id, to_pos, user_id) IN (
       SELECT kind, scope_id, to_pos, user_id
         FROM membership
        WHERE to_pos < 9223372036854775807
          AND to_pos < ?1
        LIMIT ?2)
