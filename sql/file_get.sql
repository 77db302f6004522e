-- What there is of a file, for a member. $1 session, $2 device, $3 file. One row; without a
-- size there is no such file. `own`: the account may go on storing it.
SELECT m.device_id IS NOT NULL AS member, f.size, f.stored, f.objects,
       (SELECT d.user_id FROM device d WHERE d.device_id = f.device_id)
       = (SELECT d.user_id FROM device d WHERE d.device_id = $2::uuid) AS own
FROM (SELECT $1::uuid AS session_id, $2::uuid AS device_id) who
LEFT JOIN active_member m USING (session_id, device_id)
LEFT JOIN file f ON f.session_id = $1::uuid AND f.file_id = $3::uuid AND NOT f.gone;
