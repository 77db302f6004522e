-- How far each log has grown: $1 after this session, $2 limit.
SELECT session_id, last_seq FROM session WHERE session_id > $1::uuid
ORDER BY session_id LIMIT $2::integer;
