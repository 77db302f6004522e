-- $1 session. The epoch comes with every row.
SELECT s.epoch, m.leaf_index, a.user_id, a.username, m.device_id,
       m.departed_seq IS NOT NULL AS departed,
       m.departed_at IS NOT NULL AND m.departed_seq IS NULL AS revoked
FROM session s
JOIN session_member m USING (session_id)
JOIN device d USING (device_id)
JOIN account a USING (user_id)
WHERE s.session_id = $1::uuid
ORDER BY m.leaf_index;
