-- $1 user name: its devices. No row: no such account; one without JSON: it has none.
WITH people AS MATERIALIZED (
  SELECT user_id FROM account WHERE username = $1::text AND erased_at IS NULL
), devices AS MATERIALIZED (
  SELECT v.device_id, v.name, v.pending, v.created_at
  FROM people JOIN device v USING (user_id) WHERE v.removed_at IS NULL
), memberships AS MATERIALIZED (
  SELECT m.device_id, count(*) AS sessions
  FROM active_member m WHERE m.device_id IN (SELECT device_id FROM devices)
  GROUP BY m.device_id
)
SELECT CASE WHEN d.device_id IS NOT NULL THEN row_to_json(d)::text END AS json,
       format('%s %s%s%s', d.device_id, d.name, CASE WHEN d.pending THEN ', pending' END,
              CASE WHEN d.connected THEN ', connected' END) AS line,
       NULL::text AS at
FROM people LEFT JOIN (
  SELECT v.device_id, v.name, v.pending,
         coalesce(p.seen_at > now() - interval '90 seconds', false) AS connected,
         (extract(epoch FROM p.seen_at) * 1000)::bigint AS seen_at,
         coalesce(m.sessions, 0) AS sessions,
         (extract(epoch FROM v.created_at) * 1000)::bigint AS created_at
  FROM devices v LEFT JOIN presence p USING (device_id)
  LEFT JOIN memberships m USING (device_id)) AS d ON true
ORDER BY d.created_at, d.device_id;
