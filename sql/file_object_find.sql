-- The object with a byte of a file that is whole, for a member. $1 session, $2 device,
-- $3 file, $4 which byte. No row: it is not there, or not for this device.
SELECT o.object_id, o.start, o.size
FROM active_member m
JOIN file f USING (session_id)
CROSS JOIN LATERAL (
  SELECT k.object_id, k.start, k.size FROM file_object k
  WHERE k.session_id = f.session_id AND k.file_id = f.file_id AND k.start <= $4::bigint
    AND k.state = 'kept'
  ORDER BY k.start DESC LIMIT 1) o
WHERE m.session_id = $1::uuid AND m.device_id = $2::uuid AND f.file_id = $3::uuid
  AND NOT f.gone AND f.stored = f.size AND $4::bigint < o.start + o.size;
