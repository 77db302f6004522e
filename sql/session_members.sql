-- $1 session. The epoch comes with every row. LIMIT 1 keeps it to a look-up for each,
-- whatever the planner believes.
SELECT s.epoch, m.leaf_index, a.user_id, a.username, m.device_id,
       m.departed_seq IS NOT NULL AS departed,
       m.departed_at IS NOT NULL AND m.departed_seq IS NULL AS revoked
FROM session s
JOIN session_member m USING (session_id)
CROSS JOIN LATERAL (
  SELECT user_id FROM device WHERE device_id = m.device_id LIMIT 1) d
CROSS JOIN LATERAL (
  SELECT user_id, username FROM account WHERE user_id = d.user_id LIMIT 1) a
WHERE s.session_id = $1::uuid
ORDER BY m.leaf_index;
