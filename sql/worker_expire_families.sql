-- Families without a token, when no access token of theirs can be good and nobody asks for
-- their revocation any more (sql/revocation_list.sql): $1 seconds after their start or
-- their revocation.
WITH turn AS MATERIALIZED (
  SELECT pg_try_advisory_xact_lock(1214606957, 12) AS mine
), dropped AS (
  DELETE FROM token_family
  WHERE family_id IN (
    SELECT f.family_id FROM token_family f
    WHERE (SELECT mine FROM turn)
      AND coalesce(f.revoked_at, f.created_at)
          < now() - make_interval(secs => $1::bigint)
      AND NOT EXISTS (SELECT FROM refresh_token r
                      WHERE r.family_id = f.family_id)
    LIMIT 1000)
  RETURNING 1
)
SELECT count(*) AS count FROM dropped;
