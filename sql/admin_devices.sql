-- $1 user name: its devices. No row: no such account; one without JSON: it has none.
SELECT CASE WHEN d.device_id IS NOT NULL THEN row_to_json(d)::text END AS json,
       format('%s %s%s%s', d.device_id, d.name, CASE WHEN d.pending THEN ', pending' END,
              CASE WHEN d.connected THEN ', connected' END) AS line,
       NULL::text AS at
FROM account a LEFT JOIN LATERAL (
  SELECT v.device_id, v.name, v.pending,
         coalesce(p.seen_at > now() - interval '90 seconds', false) AS connected,
         (extract(epoch FROM p.seen_at) * 1000)::bigint AS seen_at,
         (SELECT count(*) FROM active_member m WHERE m.device_id = v.device_id)
           AS sessions,
         (extract(epoch FROM v.created_at) * 1000)::bigint AS created_at
  FROM device v LEFT JOIN presence p USING (device_id)
  WHERE v.user_id = a.user_id AND v.removed_at IS NULL) AS d ON true
WHERE a.username = $1::text AND a.erased_at IS NULL
ORDER BY d.created_at, d.device_id;
