-- Sessions whose algorithm is not in $1 any more are due for another one;
-- after $2 seconds their messages are refused.
WITH turn AS MATERIALIZED (
  SELECT pg_try_advisory_xact_lock(1214606957, 2) AS mine
), due AS (
  INSERT INTO rotation (session_id, reason, hard_at)
  SELECT s.session_id, 'algorithm', now() + make_interval(secs => $2::bigint)
  FROM session s
  WHERE (SELECT mine FROM turn) AND s.ended_at IS NULL
    AND s.algorithm <> ALL ($1::text[])
    AND NOT EXISTS (SELECT FROM rotation r WHERE r.session_id = s.session_id)
  LIMIT 1000
  ON CONFLICT DO NOTHING
  RETURNING 1
)
SELECT count(*) AS count FROM due;
