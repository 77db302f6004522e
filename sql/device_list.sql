-- $1 the user: the devices of the account, and what waits to be approved. `ready`: it
-- has KeyPackages, so it can be added to sessions; `link_number`: its number in the
-- log that the name has now.
SELECT d.device_id, d.name, d.pending, l.fingerprint,
       CASE WHEN l.fingerprint IS NOT NULL THEN d.link_number END AS link_number,
       (extract(epoch FROM d.created_at) * 1000)::bigint AS created_ms,
       EXISTS (SELECT FROM key_package k WHERE k.device_id = d.device_id) AS ready
FROM device d
LEFT JOIN account_log l ON l.fingerprint = d.fingerprint
                       AND l.replaced_at IS NULL
WHERE d.user_id = $1::uuid AND d.removed_at IS NULL
ORDER BY d.created_at, d.device_id;
