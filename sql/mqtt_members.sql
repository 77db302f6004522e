-- Who is in these sessions: $1 sessions, $2 their epochs as known (-1: none).
-- Members change with the epoch, so a session that is still there is left out.
SELECT s.session_id, s.epoch, m.device_id
FROM unnest($1::uuid[], $2::bigint[]) AS i(session_id, known)
JOIN session s USING (session_id)
LEFT JOIN active_member m ON m.session_id = s.session_id
WHERE s.epoch <> i.known
ORDER BY s.session_id;
