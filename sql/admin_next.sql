-- What comes next: $1 rotation, $2 idle and $3 signing key's seconds. NULL
-- where there is nothing.
SELECT (SELECT count(*) FROM session WHERE ended_at IS NULL) AS sessions,
       (SELECT count(*) FROM session WHERE ended_at IS NOT NULL) AS ended,
       (SELECT count(*) FROM presence
        WHERE seen_at > now() - interval '90 seconds') AS devices_connected,
       (extract(epoch FROM (
          SELECT min(s.epoch_at) FROM session s
          WHERE s.ended_at IS NULL
            AND NOT EXISTS (SELECT FROM rotation r
                            WHERE r.session_id = s.session_id))
        + make_interval(secs => $1::bigint)) * 1000)::bigint AS rotation_ms,
       (extract(epoch FROM (
          SELECT min(epoch_at) FROM session WHERE ended_at IS NULL)
        + make_interval(secs => $2::bigint)) * 1000)::bigint AS idle_ms,
       (extract(epoch FROM (SELECT max(signs_at) FROM signing_key)
        + make_interval(secs => $3::bigint)) * 1000)::bigint AS signing_key_ms,
       (SELECT count(*) FROM signing_key WHERE retired_at IS NULL)
         AS signing_keys;
