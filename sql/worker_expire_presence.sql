WITH turn AS MATERIALIZED (
  SELECT pg_try_advisory_xact_lock(1214606957, 13) AS mine
), dropped AS (
  DELETE FROM presence
  WHERE device_id IN (
    SELECT device_id FROM presence
    WHERE (SELECT mine FROM turn) AND seen_at < now() - interval '1 hour'
    LIMIT 1000)
  RETURNING 1
)
SELECT count(*) AS count FROM dropped;
