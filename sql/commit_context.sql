-- What a commit or a departure is checked against: $1 session, $2 user, $3 device,
-- what its sender has seen of the log: $4 seq, $5 head (NULL: it says nothing), and $6
-- the head where the node knows the group itself (NULL: nowhere)
-- (sql/functions/commit_context.sql).
SELECT epoch, seq, at, known, group_info, whole_bytes, since_count, since_bytes, since,
       seen, may_join, member, departed, departures
FROM commit_context($1::uuid, $2::uuid, $3::uuid, $4::bigint, $5::bytea, $6::bytea);
