-- $1 username, $2 algorithms, $3 who claims, and how many claims an hour: $4 of one
-- account by another, $5 of one account by all others. One KeyPackage for each device
-- and algorithm, never the same one twice; where none is left the last-resort one,
-- which stays, and so it is beyond $5. A device without any comes with NULLs, an
-- unknown user with no row; `wait`: beyond $4, in seconds. A device that waits to be
-- approved, or is one of an account that had the name before, does not come.
-- An account that has blocked $3 is as one that there is not.
WITH charged AS MATERIALIZED (
  SELECT user_id,
         CASE WHEN user_id = $3::uuid THEN 0
              ELSE charge_quota('claims of ' || user_id || ' by ' || $3::uuid, 1,
                          $4::bigint, interval '1 hour') END AS wait
  FROM account WHERE username = visible_name($1::text, $3::uuid)
), judged AS MATERIALIZED (
  SELECT user_id, wait,
         CASE WHEN wait > 0 THEN false
              WHEN user_id = $3::uuid THEN true
              ELSE charge_quota('claims of ' || user_id, 1, $5::bigint,
                          interval '1 hour') = 0 END AS one_time
  FROM charged
), wanted AS (
  SELECT j.user_id, d.device_id, w.algorithm, j.wait, j.one_time
  FROM judged j
  LEFT JOIN device d ON d.user_id = j.user_id AND d.removed_at IS NULL
    AND j.wait = 0 AND NOT d.pending AND NOT EXISTS (
      SELECT FROM account_log g WHERE g.fingerprint = d.fingerprint
                                  AND g.replaced_at IS NOT NULL)
  CROSS JOIN unnest($2::text[]) AS w(algorithm)
), picked AS (
  SELECT k.key_package_id
  FROM wanted w CROSS JOIN LATERAL (
    SELECT key_package_id FROM key_package k
    WHERE w.one_time AND k.device_id = w.device_id
      AND k.algorithm = w.algorithm
      AND NOT k.last_resort AND k.expires_at > now()
    ORDER BY key_package_id LIMIT 1
    FOR UPDATE SKIP LOCKED
  ) k
), claimed AS (
  DELETE FROM key_package
  WHERE key_package_id IN (SELECT key_package_id FROM picked)
  RETURNING device_id, algorithm, key_package
)
SELECT w.user_id, $1::text AS username, w.device_id, w.algorithm, w.wait,
       coalesce(c.key_package, l.key_package) AS key_package,
       c.key_package IS NULL AS last_resort
FROM wanted w
LEFT JOIN claimed c USING (device_id, algorithm)
LEFT JOIN LATERAL (
  SELECT key_package FROM key_package k
  WHERE k.device_id = w.device_id AND k.algorithm = w.algorithm
    AND k.last_resort AND k.expires_at > now()
  ORDER BY key_package_id DESC LIMIT 1
) l ON true
ORDER BY w.device_id, w.algorithm;
