SELECT welcome_id, session_id, seq, head, welcome,
       (extract(epoch FROM created_at) * 1000)::bigint AS created_ms
FROM welcome WHERE device_id = $1::uuid
ORDER BY created_at, welcome_id
LIMIT 100;
