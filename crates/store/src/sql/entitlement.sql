SELECT d.scope_id AS user_id, d.pos AS pos
  FROM audience AS d
 WHERE d.kind = 0
   AND d.pos > :after
   AND d.pos <= :through
UNION ALL
SELECT m.user_id, a.pos
  FROM audience AS a
  JOIN membership AS m ON m.kind = a.kind AND m.scope_id = a.scope_id
 WHERE m.to_pos > :after
   AND m.from_pos <= :through
   AND a.pos >= max(m.from_pos, :after + 1)
   AND a.pos < min(m.to_pos, :through + 1)
