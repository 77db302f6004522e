-- Sessions whose algorithm is not in $1 any more are due for another one;
-- after $2 seconds their messages are refused.
WITH turn AS MATERIALIZED (
  SELECT pg_try_advisory_xact_lock(1214606957, 2) AS mine
), other AS MATERIALIZED (
  SELECT s.session_id
  FROM session s
  WHERE s.ended_at IS NULL
    AND s.algorithm <> ALL ($1::text[])
    AND NOT EXISTS (SELECT FROM rotation r WHERE r.session_id = s.session_id)
  LIMIT 1000
), due AS (
  INSERT INTO rotation (session_id, reason, hard_at)
  SELECT session_id, 'algorithm', now() + make_interval(secs => $2::bigint)
  FROM turn CROSS JOIN other WHERE mine
  ON CONFLICT DO NOTHING
  RETURNING 1
)
SELECT count(*) AS count FROM due;
