-- $1 device: its Welcomes, by name only.
SELECT welcome_id, session_id FROM welcome WHERE device_id = $1::uuid
ORDER BY created_at, welcome_id LIMIT 100;
