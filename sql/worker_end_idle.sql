-- Ends sessions that nobody used for $1 seconds, and those that all have left.
-- The keys of a used one are renewed, so an old epoch comes first. A message
-- that comes in between changes last_seq: then it is not idle.
WITH turn AS MATERIALIZED (
  SELECT pg_try_advisory_xact_lock(1214606957, 5) AS mine
), idle AS MATERIALIZED (
  (SELECT s.session_id, s.last_seq
  FROM session s
  LEFT JOIN message m ON m.session_id = s.session_id AND m.seq = s.last_seq
  WHERE s.ended_at IS NULL
    AND s.epoch_at < now() - make_interval(secs => $1::bigint)
    AND coalesce(m.sent_at, s.created_at)
        < now() - make_interval(secs => $1::bigint)
  LIMIT 1000)
  UNION
  (SELECT s.session_id, s.last_seq
  FROM rotation r JOIN session s USING (session_id)
  WHERE s.ended_at IS NULL
    AND r.reason IN ('departure', 'revoked')
    AND NOT EXISTS (SELECT FROM active_member a
                    WHERE a.session_id = s.session_id)
  LIMIT 1000)
), ended AS (
  UPDATE session s SET ended_at = now()
  FROM turn CROSS JOIN idle i
  WHERE mine AND s.session_id = i.session_id AND s.last_seq = i.last_seq
  RETURNING s.session_id
), dropped AS (
  DELETE FROM rotation r USING ended e WHERE r.session_id = e.session_id
)
SELECT count(*) AS count FROM ended;
