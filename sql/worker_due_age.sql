-- Keys that are old: $1 seconds; $2 more and messages under them are refused.
WITH turn AS MATERIALIZED (
  SELECT pg_try_advisory_xact_lock(1214606957, 1) AS mine
), old AS MATERIALIZED (
  SELECT s.session_id
  FROM session s
  WHERE s.ended_at IS NULL
    AND s.epoch_at < now() - make_interval(secs => $1::bigint)
    AND NOT EXISTS (SELECT FROM rotation r WHERE r.session_id = s.session_id)
  ORDER BY s.epoch_at
  LIMIT 1000
), due AS (
  INSERT INTO rotation (session_id, reason, hard_at)
  SELECT session_id, 'age', now() + make_interval(secs => $2::bigint)
  FROM turn CROSS JOIN old WHERE mine
  ON CONFLICT DO NOTHING
  RETURNING 1
)
SELECT count(*) AS count FROM due;
