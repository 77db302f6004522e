-- What there is of a file, for a member. $1 session, $2 device, $3 file. One row; without a
-- size there is no such file. `own`: the account may go on storing it.
WITH m AS MATERIALIZED (
  SELECT device_id FROM active_member
  WHERE session_id = $1::uuid AND device_id = $2::uuid
), f AS MATERIALIZED (
  SELECT size, stored, objects, device_id FROM file
  WHERE session_id = $1::uuid AND file_id = $3::uuid AND NOT gone
)
SELECT m.device_id IS NOT NULL AS member, f.size, f.stored, f.objects,
       (SELECT d.user_id FROM device d WHERE d.device_id = f.device_id)
       = (SELECT d.user_id FROM device d WHERE d.device_id = $2::uuid) AS own
FROM (SELECT) one LEFT JOIN m ON true LEFT JOIN f ON true;
