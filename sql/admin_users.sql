-- $1 after this name, $2 how many; $3 this one alone, or NULL.
WITH people AS MATERIALIZED (
  SELECT a.username, a.user_id, a.created_at, a.suspended_at
  FROM account a
  WHERE a.username > $1::text AND a.erased_at IS NULL
    AND ($3::text IS NULL OR a.username = $3::text)
  ORDER BY a.username LIMIT $2::integer
), devices AS MATERIALIZED (
  SELECT d.user_id, d.device_id
  FROM people JOIN device d USING (user_id) WHERE d.removed_at IS NULL
), memberships AS MATERIALIZED (
  SELECT m.device_id, m.session_id
  FROM active_member m WHERE m.device_id IN (SELECT device_id FROM devices)
)
SELECT row_to_json(u)::text AS json,
       format('%-32s %3s devices, %3s connected, %5s sessions%s', username, devices,
              connected, sessions,
              CASE WHEN suspended_at IS NOT NULL THEN ', suspended' END) AS line,
       username AS at
FROM (
  SELECT a.username, a.user_id, audit_subject(a.user_id) AS audit_subject,
         (SELECT count(*) FROM devices d WHERE d.user_id = a.user_id) AS devices,
         (SELECT count(*) FROM devices d JOIN presence p USING (device_id)
          WHERE d.user_id = a.user_id
            AND p.seen_at > now() - interval '90 seconds') AS connected,
         (SELECT count(DISTINCT m.session_id)
          FROM devices d JOIN memberships m USING (device_id)
          WHERE d.user_id = a.user_id) AS sessions,
         (extract(epoch FROM a.created_at) * 1000)::bigint AS created_at,
         (extract(epoch FROM a.suspended_at) * 1000)::bigint AS suspended_at
  FROM people a) AS u
ORDER BY username;
