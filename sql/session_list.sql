-- $1 user, $2 device, $3 after this id (all zeros: from the start), $4 limit
-- (sql/functions/list_sessions.sql).
SELECT session_id, algorithm, epoch, join_policy, creator, created_ms, last_seq, head,
       member
FROM list_sessions($1::uuid, $2::uuid, $3::uuid, $4::integer);
