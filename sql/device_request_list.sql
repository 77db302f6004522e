-- $1 the user: what its devices ask, and nobody has answered.
SELECT r.device_id, d.name, r.request,
       (extract(epoch FROM r.created_at) * 1000)::bigint AS created_ms
FROM device d JOIN device_request r USING (device_id)
WHERE d.user_id = $1::uuid AND d.removed_at IS NULL AND r.answer IS NULL
ORDER BY r.created_at, r.device_id LIMIT 64;
