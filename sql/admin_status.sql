-- What is due, and what comes next: $1 rotation, $2 idle and $3 signing key's seconds.
WITH next AS (
  SELECT (SELECT count(*) FROM session WHERE ended_at IS NULL) AS sessions,
         (SELECT count(*) FROM session WHERE ended_at IS NOT NULL) AS ended,
         (SELECT count(*) FROM presence
          WHERE seen_at > now() - interval '90 seconds') AS devices_connected,
         (SELECT count(*) FROM signing_key WHERE retired_at IS NULL) AS signing_keys,
         (SELECT min(s.epoch_at) FROM session s
          WHERE s.ended_at IS NULL
            AND NOT EXISTS (SELECT FROM rotation r
                            WHERE r.session_id = s.session_id))
           + make_interval(secs => $1::bigint) AS rotation_at,
         (SELECT min(epoch_at) FROM session WHERE ended_at IS NULL)
           + make_interval(secs => $2::bigint) AS idle_at,
         (SELECT max(signs_at) FROM signing_key)
           + make_interval(secs => $3::bigint) AS signing_key_at
), due AS (
  SELECT reason, count(*) AS sessions, count(asked_at) AS asked,
         count(*) FILTER (WHERE hard_at <= now()) AS refused,
         min(due_at) AS oldest_at,
         min(hard_at) FILTER (WHERE hard_at < 'infinity') AS refused_from
  FROM rotation GROUP BY reason
), ms AS (
  SELECT n.sessions, n.ended, n.devices_connected, n.signing_keys,
         (extract(epoch FROM n.rotation_at) * 1000)::bigint AS next_rotation_at,
         (extract(epoch FROM n.idle_at) * 1000)::bigint AS next_idle_at,
         (extract(epoch FROM n.signing_key_at) * 1000)::bigint AS next_signing_key_at,
         (SELECT coalesce(json_agg(r ORDER BY r.reason), '[]') FROM (
            SELECT reason, sessions, asked, refused,
                   (extract(epoch FROM oldest_at) * 1000)::bigint AS oldest_at,
                   (extract(epoch FROM refused_from) * 1000)::bigint AS refused_from
            FROM due) AS r) AS due,
         (SELECT coalesce(json_agg(r ORDER BY r.action), '[]') FROM (
            SELECT action, total, runs,
                   (extract(epoch FROM last_at) * 1000)::bigint AS last_at
            FROM worker_action) AS r) AS actions
  FROM next n
)
SELECT row_to_json(ms)::text AS json,
  format(E'%s sessions, %s ended; %s devices connected; %s signing keys\n'
         'Next, at the earliest:\n  a session''s keys due    %s\n'
         '  a session may end idle   %s\n  a new signing key        %s\n%s\n%s',
         n.sessions, n.ended, n.devices_connected, n.signing_keys,
         coalesce(to_char(n.rotation_at, 'YYYY-MM-DD HH24:MI:SS TZ'), 'never'),
         coalesce(to_char(n.idle_at, 'YYYY-MM-DD HH24:MI:SS TZ'), 'never'),
         coalesce(to_char(n.signing_key_at, 'YYYY-MM-DD HH24:MI:SS TZ'), 'never'),
         coalesce((SELECT E'Due now:\n' || string_agg(format(
             E'  %-10s %s sessions, %s asked for, %s refuse messages\n'
             '    oldest since %s, refused from %s', reason, sessions, asked, refused,
             to_char(oldest_at, 'YYYY-MM-DD HH24:MI:SS TZ'),
             coalesce(to_char(refused_from, 'YYYY-MM-DD HH24:MI:SS TZ'), 'never')),
           E'\n' ORDER BY reason) FROM due), 'Nothing due.'),
         'Done so far:' || coalesce((SELECT E'\n' || string_agg(format(
             '  %-22s %8s in %s runs', action, total, runs), E'\n' ORDER BY action)
           FROM worker_action), '')) AS line,
  NULL::text AS at
FROM next n, ms;
