-- $1 session, $2 user, $3 generation: the GroupInfo that it began with, or of a
-- session from before the first one that is known. No row: no such session; NULLs:
-- no such generation. It is whole: `part` is for who reads it as the one of now.
SELECT f.epoch, f.seq, f.head, f.group_info, false AS known,
       NULL::bytea AS part, NULL::bytea AS since,
       may_join($1::uuid, $2::uuid) AS may_join
FROM session s
LEFT JOIN first_group_info f
  ON f.session_id = s.session_id AND f.generation = $3::bigint
WHERE s.session_id = $1::uuid;
