-- $1 session. The epoch comes with every row. LIMIT 1 keeps it to a look-up for each,
-- whatever the planner believes. Where sessions are spread, members are asked for where
-- they are, and names on the coordinator (docs/adr/0091).
WITH members AS MATERIALIZED (
  SELECT s.epoch, m.leaf_index, m.device_id, m.departed_seq, m.departed_at
  FROM session s JOIN session_member m USING (session_id)
  WHERE s.session_id = $1::uuid
)
SELECT m.epoch, m.leaf_index, a.user_id, a.username, m.device_id,
       m.departed_seq IS NOT NULL AS departed,
       m.departed_at IS NOT NULL AND m.departed_seq IS NULL AS revoked
FROM members m
CROSS JOIN LATERAL (
  SELECT user_id FROM device WHERE device_id = m.device_id LIMIT 1) d
CROSS JOIN LATERAL (
  SELECT user_id, username FROM account WHERE user_id = d.user_id LIMIT 1) a
ORDER BY m.leaf_index;
