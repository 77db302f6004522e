-- Bytes of a file that is whole, for a member. $1 session, $2 device, $3 file, $4 the
-- piece's number, $5 from which byte of it (0 is the first), $6 how many at most. No
-- row: they are not there, or not for this device.
SELECT substring(p.bytes FROM $5::integer + 1 FOR $6::integer) AS bytes
FROM active_member m
JOIN file f USING (session_id)
JOIN file_piece p USING (session_id, file_id)
WHERE m.session_id = $1::uuid AND m.device_id = $2::uuid AND f.file_id = $3::uuid
  AND NOT f.gone AND f.stored = f.size AND p.number = $4::integer;
