-- $1 Welcome, $2 device, $3 session: it was used. No row: not there.
DELETE FROM welcome
WHERE welcome_id = $1::uuid AND device_id = $2::uuid AND session_id = $3::uuid
RETURNING seq, head;
