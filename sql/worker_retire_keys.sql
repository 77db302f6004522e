-- A signing key is retired when a newer one has signed for so long that no
-- token of the older one can be good: $1 seconds, and a minute.
WITH turn AS MATERIALIZED (
  SELECT pg_try_advisory_xact_lock(1214606957, 14) AS mine
), retired AS (
  UPDATE signing_key k SET retired_at = now()
  WHERE (SELECT mine FROM turn) AND k.retired_at IS NULL
    AND EXISTS (SELECT FROM signing_key n
                WHERE n.ordinal > k.ordinal AND n.retired_at IS NULL
                  AND n.signs_at
                      < now() - make_interval(secs => $1::bigint + 60))
  RETURNING 1
)
SELECT count(*) AS count FROM retired;
