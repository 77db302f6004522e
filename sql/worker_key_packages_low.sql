-- Connected devices that have published KeyPackages, but of some algorithm
-- fewer than $1 are left for others to claim.
WITH turn AS MATERIALIZED (
  SELECT pg_try_advisory_xact_lock(1214606957, 4) AS mine
)
SELECT DISTINCT k.device_id
FROM presence p JOIN key_package k USING (device_id)
WHERE (SELECT mine FROM turn) AND p.seen_at > now() - interval '90 seconds'
GROUP BY k.device_id, k.algorithm
HAVING count(*) FILTER (WHERE NOT k.last_resort AND k.expires_at > now())
       < $1::bigint
LIMIT 1000;
