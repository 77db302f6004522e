-- Refresh tokens that are over. A used one stays until then: used again, it
-- must be known.
WITH turn AS MATERIALIZED (
  SELECT pg_try_advisory_xact_lock(1214606957, 11) AS mine
), dropped AS (
  DELETE FROM refresh_token
  WHERE token_hash IN (SELECT token_hash FROM refresh_token
                       WHERE (SELECT mine FROM turn)
                         AND expires_at <= now()
                       LIMIT 1000)
  RETURNING 1
)
SELECT count(*) AS count FROM dropped;
