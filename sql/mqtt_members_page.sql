-- Who is in which session: $1 after this session, $2 sessions.
SELECT s.session_id, s.epoch, m.device_id
FROM (SELECT session_id, epoch FROM session WHERE session_id > $1::uuid
      ORDER BY session_id LIMIT $2::integer) s
LEFT JOIN active_member m ON m.session_id = s.session_id
ORDER BY s.session_id;
