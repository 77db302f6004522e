-- $1: for how many seconds a name is held back.
WITH turn AS MATERIALIZED (
  SELECT pg_try_advisory_xact_lock(1214606957, 16) AS mine
), dropped AS (
  DELETE FROM held_name
  WHERE name IN (
    SELECT name FROM held_name
    WHERE (SELECT mine FROM turn) AND since < now() - make_interval(secs => $1::bigint)
    LIMIT 1000)
  RETURNING 1
)
SELECT count(*) AS count FROM dropped;
