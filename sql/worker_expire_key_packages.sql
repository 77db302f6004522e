WITH turn AS MATERIALIZED (
  SELECT pg_try_advisory_xact_lock(1214606957, 9) AS mine
), dropped AS (
  DELETE FROM key_package
  WHERE key_package_id IN (SELECT key_package_id FROM key_package
                           WHERE (SELECT mine FROM turn)
                             AND expires_at <= now()
                           LIMIT 1000)
  RETURNING 1
)
SELECT count(*) AS count FROM dropped;
