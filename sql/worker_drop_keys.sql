-- Retired signing keys are of no use to anybody but a thief.
WITH turn AS MATERIALIZED (
  SELECT pg_try_advisory_xact_lock(1214606957, 15) AS mine
), dropped AS (
  DELETE FROM signing_key
  WHERE (SELECT mine FROM turn) AND retired_at < now() - interval '1 day'
  RETURNING 1
)
SELECT count(*) AS count FROM dropped;
