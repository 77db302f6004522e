-- $1 session: the devices that are members. No row: no such session; one without JSON: it
-- has none.
WITH one AS MATERIALIZED (
  SELECT session_id FROM session WHERE session_id = $1::uuid
), members AS MATERIALIZED (
  SELECT device_id, leaf_index FROM active_member WHERE session_id = $1::uuid
)
SELECT CASE WHEN m.device_id IS NOT NULL THEN row_to_json(m)::text END AS json,
       format('%-32s %s leaf %s', m.username, m.device_id, m.leaf_index) AS line,
       NULL::text AS at
FROM one LEFT JOIN (
  SELECT a.username, d.device_id, e.leaf_index,
         (extract(epoch FROM (SELECT p.seen_at FROM presence p
                              WHERE p.device_id = d.device_id)) * 1000)::bigint
           AS seen_at
  FROM members e JOIN device d USING (device_id) JOIN account a USING (user_id)) AS m
  ON true
ORDER BY m.username, m.leaf_index;
