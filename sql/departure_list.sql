-- $1 session, $2 device. No row: the device is no member; a row of NULLs:
-- nobody has departed.
SELECT d.device_id, d.leaf_index, a.username, d.reason, d.proof,
       (extract(epoch FROM d.departed_at) * 1000)::bigint AS departed_ms
FROM active_member me
LEFT JOIN (departure d JOIN device USING (device_id)
           JOIN account a USING (user_id))
  ON d.session_id = me.session_id
WHERE me.session_id = $1::uuid AND me.device_id = $2::uuid
ORDER BY d.departed_at;
