-- Those that waited longer than $1 seconds.
WITH turn AS MATERIALIZED (
  SELECT pg_try_advisory_xact_lock(1214606957, 10) AS mine
), dropped AS (
  DELETE FROM welcome
  WHERE (session_id, welcome_id) IN (
    SELECT session_id, welcome_id FROM welcome
    WHERE (SELECT mine FROM turn)
      AND created_at < now() - make_interval(secs => $1::bigint)
    LIMIT 1000)
  RETURNING 1
)
SELECT count(*) AS count FROM dropped;
