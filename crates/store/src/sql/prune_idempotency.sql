DELETE FROM idempotency
 WHERE (caller, method, key) IN (
       SELECT caller, method, key
         FROM idempotency
        WHERE at < ?1
        ORDER BY at
        LIMIT ?2)
