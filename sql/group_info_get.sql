-- $1 session, $2 user. No row: no such session. `seq` and `head`: the entry that
-- made it (0: none, it is the session's first).
SELECT epoch, seq, head, group_info, may_join($1::uuid, $2::uuid) AS may_join
FROM group_info WHERE session_id = $1::uuid;
