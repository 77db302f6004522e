-- $1 username, $2 algorithms. One KeyPackage for each device and algorithm,
-- never the same one twice; where none is left the last-resort one, which
-- stays. A device without any comes with NULLs, an unknown user with no row. A device
-- that waits to be approved, or is one of an account that had the name before, does
-- not come.
WITH wanted AS (
  SELECT a.user_id, d.device_id, w.algorithm
  FROM account a
  LEFT JOIN device d ON d.user_id = a.user_id AND d.removed_at IS NULL
    AND NOT d.pending AND NOT EXISTS (
      SELECT FROM account_log g WHERE g.fingerprint = d.fingerprint
                                  AND g.replaced_at IS NOT NULL)
  CROSS JOIN unnest($2::text[]) AS w(algorithm)
  WHERE a.username = $1::text
), picked AS (
  SELECT k.key_package_id
  FROM wanted w CROSS JOIN LATERAL (
    SELECT key_package_id FROM key_package k
    WHERE k.device_id = w.device_id AND k.algorithm = w.algorithm
      AND NOT k.last_resort AND k.expires_at > now()
    ORDER BY key_package_id LIMIT 1
    FOR UPDATE SKIP LOCKED
  ) k
), claimed AS (
  DELETE FROM key_package
  WHERE key_package_id IN (SELECT key_package_id FROM picked)
  RETURNING device_id, algorithm, key_package
)
SELECT w.user_id, $1::text AS username, w.device_id, w.algorithm,
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
