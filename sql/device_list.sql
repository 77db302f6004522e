-- The account with its devices; device columns are NULL where it has none.
SELECT a.user_id, d.device_id, d.name,
       (extract(epoch FROM d.created_at) * 1000)::bigint AS created_ms
FROM account a
LEFT JOIN device d ON d.user_id = a.user_id AND d.removed_at IS NULL
WHERE a.username = $1::text
ORDER BY d.created_at, d.device_id;
